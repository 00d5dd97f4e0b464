/** The API of a real server: curl sees a publisher and a player of FFmpeg, and ends them. */
import { expect, test } from "bun:test"
import { type Player, play, publish } from "../support/clients.ts"
import { goldenShape, jsonShape } from "../support/jsonShape.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program } from "../support/program.ts"
import { type Runtime, type Server, withServer } from "../support/server.ts"

/** What curl got, status and body. */
const curl = async (...words: ReadonlyArray<string>): Promise<readonly [status: string, body: string]> => {
  await using program = new Program(["curl", "-sS", "-m", "10", "-w", "\n%{http_code}", ...words])
  await program.succeeded()
  const text = program.out.text()
  const end = text.lastIndexOf("\n")
  return [text.slice(end + 1), text.slice(0, end)]
}

const ask = async (server: Server, path: string, ...words: ReadonlyArray<string>) =>
  JSON.parse((await curl(server.api(`api/v1/${path}`), ...words))[1])

const publishClip = async (server: Server): Promise<Program> =>
  publish((await clip("h264Aac")).path, server.rtmp(), { realTime: true, input: ["-stream_loop", "-1"] })

const withBoth = async (server: Server, body: (publisher: Program, player: Player) => Promise<void>) => {
  await using publisher = await publishClip(server)
  await using player = play(server.rtmp())
  await player.receivedCount(50)
  await body(publisher, player)
}

/** Bytes that FFmpeg says it has sent, each time it says so. */
const sentSizes = (publisher: Program): ReadonlyArray<number> =>
  [...publisher.out.text().matchAll(/total_size=(\d+)\n/g)].map(([, size]) => Number(size))

for (const runtime of ["bun", "node", "deno"] satisfies ReadonlyArray<Runtime>) {
  test(
    `a publisher and a player show up with the right numbers: ${runtime}`,
    withServer({ runtime }, (server) =>
      withBoth(server, async (publisher, player) => {
        const [stream] = (await ask(server, "streams/")).streams
        expect(stream).toMatchObject({
          name: "a",
          app: "live",
          url: "/live/a",
          clients: 2,
          publish: { active: true },
          // As the clip was made.
          video: { codec: "H264", profile: "High", width: 160, height: 120 },
          audio: { codec: "AAC", sample_rate: 44_100, channel: 2, profile: "LC" }
        })
        const sent = player.packets.reduce((sum, { size }) => sum + size, 0)
        const sentBefore = sentSizes(publisher)
        const { clients } = await ask(server, "clients/")
        const sender = clients.find(({ publish }: { readonly publish: boolean }) => publish)
        const viewer = clients.find(({ publish }: { readonly publish: boolean }) => !publish)
        expect(sender).toMatchObject({ type: "fmle-publish", ip: "127.0.0.1", stream: stream.id, name: "a" })
        expect(viewer).toMatchObject({ type: "rtmp-play", ip: "127.0.0.1", stream: stream.id, tcUrl: sender.tcUrl })
        expect(stream.publish.cid).toBe(sender.id)
        // Each byte of media came in once and went out once; both have some of their own.
        expect(viewer.send_bytes).toBeGreaterThan(sent * 0.9)
        const sentAfter = await publisher.until("it had sent more", () => sentSizes(publisher)[sentBefore.length + 1])
        // FLV's tags and RTMP's chunks differ by some bytes; FFmpeg counts what its muxer wrote.
        expect(sender.recv_bytes).toBeGreaterThan(sent * 0.9)
        expect(sender.recv_bytes).toBeLessThan(sentAfter * 1.1 + 10_000)
        expect(viewer.send_bytes).toBeLessThan(sentAfter * 1.1 + 10_000)
        expect(stream.recv_bytes).toBeGreaterThan(0)
        expect(stream.recv_bytes).toBeLessThanOrEqual(sender.recv_bytes + viewer.recv_bytes)
        expect(stream.frames).toBeGreaterThan(0)
        const [, shape] = await curl(server.api("api/v1/streams/"))
        expect(jsonShape(shape)).toEqual(goldenShape("streams"))
        const { data } = await ask(server, "summaries")
        expect(data).toMatchObject({ ok: true, self: { pid: server.program.pid } })
        expect(data.system.conn_srs).toBeGreaterThanOrEqual(2)
        expect(publisher.out.ended).toBe(false)
      })
    )
  )
}

test(
  "a kick ends FFmpeg, whichever end it is on",
  withServer({}, (server) =>
    withBoth(server, async (publisher, player) => {
      const { clients } = await ask(server, "clients/")
      const idOf = (type: string) => clients.find((client: { readonly type: string }) => client.type === type).id
      expect((await ask(server, `clients/${idOf("rtmp-play")}`, "-X", "DELETE")).code).toBe(0)
      await player.exited
      expect(publisher.out.ended).toBe(false)
      const url = server.api(`api/v1/clients/${idOf("fmle-publish")}?callback=f&method=DELETE`)
      expect((await curl(url))[1]).toMatch(/^f\(\{"code":0,.*\}\)$/)
      expect((await publisher.exited).code).not.toBe(0)
      await server.program.sees(/end=kicked[^]*end=kicked/)
      expect((await ask(server, `clients/${idOf("fmle-publish")}`)).code).toBe(2049)
      expect((await ask(server, "streams/")).streams).toEqual([])
    })
  )
)

test(
  "curl gives name and password, and nothing without them",
  withServer(
    { env: { SRS_HTTP_API_AUTH_ENABLED: "on", SRS_HTTP_API_AUTH_USERNAME: "a", SRS_HTTP_API_AUTH_PASSWORD: "b" } },
    async (server) => {
      const url = server.api("api/v1/summaries")
      expect(await curl(url)).toEqual(["401", ""])
      expect(await curl("-u", "a:c", url)).toEqual(["401", ""])
      const [status, body] = await curl("-u", "a:b", url)
      expect([status, jsonShape(body)]).toEqual(["200", goldenShape("summaries")])
      expect(server.log()).toContain("http_api.auth")
    }
  )
)

test("the exporter listens for itself", async () => {
  const [port] = await freePorts(1)
  await withServer({ global: `exporter { enabled on; listen ${port}; }`, ports: [port!] }, async (server) => {
    const [status, text] = await curl(`http://127.0.0.1:${port}/metrics`)
    expect(status).toBe("200")
    expect(text).toMatch(/^srs_memory [1-9]\d+$/m)
    expect((await curl(server.api("metrics")))[1]).toContain("\nsrs_streams 0\n")
  })()
})

test(
  "a script reloads the configuration, and sees how that went",
  withServer(
    { env: { SRS_HTTP_API_RAW_API_ENABLED: "on", SRS_HTTP_API_RAW_API_ALLOW_RELOAD: "on" } },
    async (server) => {
      expect(await ask(server, "raw?rpc=reload-fetch")).toMatchObject({ code: 0, data: { err: 0, state: 0, rid: "" } })
      expect(await ask(server, "raw?rpc=reload")).toEqual({ code: 0 })
      await server.program.sees(/configuration reloaded/)
      expect(await ask(server, "raw?rpc=reload-fetch")).toMatchObject({ code: 0, data: { err: 0, state: 90 } })
    }
  )
)
