/** Publishers and players of others log in. */
import { expect, test } from "bun:test"
import { createHash } from "node:crypto"
import { decode, play, publish, rtmp2sink } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { Program, words } from "../support/program.ts"
import { type Runtime, type Server, withServer } from "../support/server.ts"

const salt = "SALT1234"
const md5 = createHash("md5").update(`joe${salt}secret`).digest("base64")
/** "secret" with a cost of 16, by Python's hashlib. */
const scrypt = "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gEeb/KeWbm5g+kBQOFr1yJbkjBxxxDOkhSmrSXFFwOg"
const vhost = `auth { enabled on; publish adobe; user joe $adobe$${salt}$${md5}; }`

const withLogin = (server: Server, login: string): string => server.rtmp().replace("//", `//${login}@`)

for (const runtime of ["bun", "deno", "node"] satisfies Array<Runtime>) {
  test(
    `on ${runtime} FFmpeg publishes with Adobe's authentication, not with a wrong password and not without one`,
    withServer({ runtime, vhost }, async (server) => {
      const source = await clip("h264Aac")
      for (const url of [server.rtmp(), withLogin(server, "joe:Secret"), withLogin(server, "eve:secret")]) {
        await using refused = publish(source.path, url)
        expect((await refused.exited).code).not.toBe(0)
      }
      await using player = play(server.rtmp())
      await server.plays(1)
      await using publisher = publish(source.path, withLogin(server, "joe:secret"))
      await publisher.succeeded()
      await player.receivedEndOf(source.packets)
    })
  )
}

test(
  "GStreamer publishes with Adobe's authentication",
  withServer({ vhost }, async (server) => {
    const source = await clip("h264Aac")
    await using refused = rtmp2sink(source.path, server.rtmp())
    expect((await refused.exited).code).not.toBe(0)
    await using publisher = rtmp2sink(source.path, withLogin(server, "joe:secret"))
    await publisher.succeeded()
  })
)

test(
  "FFmpeg and curl play over HTTP with Basic, and are asked for it",
  withServer({ vhost: `auth { enabled on; play password; user joe ${scrypt}; }` }, async (server) => {
    const source = await clip("h264Aac")
    await using publisher = publish(source.path, server.rtmp(), { realTime: true, input: words("-stream_loop -1") })
    await publisher.sees(/frame=[1-9]/)
    await using stranger = new Program(["curl", "-si", server.http()])
    await stranger.succeeded()
    expect(stranger.out.text()).toMatch(/^HTTP\/1\.1 401 [\s\S]*\r\nWWW-Authenticate: Basic realm=/)
    await using wrong = new Program(["curl", "-s", "-o", "-", "-w", "%{http_code}", "-u", "joe:no", server.http()])
    await wrong.succeeded()
    expect(wrong.out.text()).toEndWith("401")
    const { complaints, pictures } = await decode(server.http().replace("//", "//joe:secret@"), 20)
    expect([complaints, pictures.length]).toEqual([[], 20])
  })
)
