/** A changed file, applied to a running server by signal and by itself. */
import { expect, test } from "bun:test"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { play, publish } from "../support/clients.ts"
import { httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program } from "../support/program.ts"
import { type Runtime, type Server, startServer, withServer } from "../support/server.ts"

const fileOf = (server: Server): string => join(server.directory, "server.conf")

/** Waits for the n-th line of the log that matches. */
const sees = (server: Server, pattern: RegExp, count = 1): Promise<unknown> =>
  server.program.until(`${pattern} for the ${count}. time`, () =>
    (server.log().match(new RegExp(pattern, "g"))?.length ?? 0) >= count ? true : undefined
  )

const change = (server: Server, from: string | RegExp, to: string): void =>
  writeFileSync(fileOf(server), readFileSync(fileOf(server), "utf8").replace(from, to))

const hangUp = (server: Server): void => void process.kill(server.program.pid, "SIGHUP")

const onSighup = async (runtime: Runtime): Promise<void> => {
  const media = await clip("h264Aac")
  const [added] = (await freePorts(1)) as [number]
  await using server = await startServer({ runtime })
  await using publisher = publish(media.path, server.rtmp(), { realTime: true, input: ["-stream_loop", "1"] })
  await using player = play(server.rtmp())
  await player.receivedCount(20)
  change(server, "max_connections 500;", "max_connectoins 500;")
  hangUp(server)
  await sees(server, /configuration refused: nothing has changed/)
  expect(server.log()).toContain("server.conf:6:1: illegal directive max_connectoins")
  change(server, "max_connectoins 500;", "max_connections 600;")
  change(server, /^listen .*$/m, `listen ${added};`)
  hangUp(server)
  await sees(server, /configuration reloaded/)
  expect(server.log()).toMatch(new RegExp(`listening[^\\n]*\\b${added}\\b`))
  await using second = play(`rtmp://127.0.0.1:${added}/live/a`)
  await second.receivedCount(20)
  // Its listener has gone; the clients have not.
  const seen = player.packets.length
  await player.receivedCount(seen + 20)
  await publisher.stop("SIGINT")
}

test.each(["bun", "deno", "node"] as const)(
  "SIGHUP on %s: a bad file changes nothing, a good one moves the listener while media flows",
  onSighup,
  60_000
)

test(
  "a file that is written to is reloaded by itself, from the reload on that asks for it",
  withServer({ global: "inotify_auto_reload off;" }, async (server) => {
    change(server, "inotify_auto_reload off;", "inotify_auto_reload on;")
    hangUp(server)
    await sees(server, /configuration reloaded/)
    change(server, "max_connections 500;", "max_connections 600;")
    await sees(server, /configuration reloaded/, 2)
    change(server, "max_connections 600;", "max_connections 700;")
    await sees(server, /configuration reloaded/, 3)
  }),
  60_000
)

/** The number of the certificate that is shown at the port. */
const serialAt = async (port: number): Promise<string> => {
  await using client = new Program([
    "sh",
    "-c",
    `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -serial`
  ])
  await client.succeeded()
  return client.out.text().trim()
}

const renewed = async (runtime: Runtime): Promise<void> => {
  const media = await clip("h264Aac")
  const [rtmps, https] = (await freePorts(2)) as [number, number]
  await withCertificate((old) =>
    withCertificate((next) =>
      withCertificate(async (other) => {
        const { cert, key } = old
        const global = `rtmps { enabled on; listen ${rtmps}; key ${key}; cert ${cert}; }`
        const env = httpsEnvironment(https, old)
        await using server = await startServer({ runtime, global, env, ports: [rtmps, https] })
        const url = `rtmps://127.0.0.1:${rtmps}/live/a`
        const loop = { realTime: true, input: ["-stream_loop", "-1"], output: ["-tls_verify", "0"] }
        await using publisher = publish(media.path, url, loop)
        await using player = play(url, { input: ["-tls_verify", "0"] })
        await player.receivedCount(20)
        const before = await serialAt(rtmps)
        expect(await serialAt(https)).toBe(before)

        // Half a renewal: the certificate is another one, the key is not yet.
        writeFileSync(cert, readFileSync(next.cert))
        hangUp(server)
        await sees(server, /a part of the server could not follow the configuration/, 2)
        expect(server.log()).toContain("the certificate is not that of the key")
        expect([await serialAt(rtmps), await serialAt(https)]).toEqual([before, before])

        writeFileSync(key, readFileSync(next.key))
        hangUp(server)
        await sees(server, /configuration reloaded/, 2)
        const after = await serialAt(rtmps)
        expect(after).not.toBe(before)
        expect(await serialAt(https)).toBe(after)

        writeFileSync(cert, "garbage")
        writeFileSync(key, readFileSync(other.key))
        hangUp(server)
        await sees(server, /configuration reloaded/, 3)
        expect([await serialAt(rtmps), await serialAt(https)]).toEqual([after, after])
        const seen = player.packets.length
        await player.receivedCount(seen + 20)
        await player.stop("SIGINT")
        await publisher.stop("SIGINT")
      })
    )
  )
}

test.each(["bun", "deno", "node"] as const)(
  "a certificate renewed under its name is shown after a reload on %s; one that cannot be used changes nothing",
  renewed,
  60_000
)
