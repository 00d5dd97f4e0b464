/** Callbacks as an operator's server hears them: the HTTP of another program, clients of others. */
import { expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { withCertificate } from "../support/certificate.ts"
import { publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { Program } from "../support/program.ts"
import { type Runtime, withServer } from "../support/server.ts"

interface Heard {
  readonly body: Readonly<Record<string, string | number>>
  readonly headers: Headers
}

/** Answers what it is told by event, and can wait for so many calls of an event. */
class Callbacks implements AsyncDisposable {
  readonly heard: Array<Heard> = []
  readonly answers: Record<string, string> = {}
  readonly #server: Bun.Server<undefined>
  #listeners: Array<() => void> = []

  constructor(tls?: { readonly key: string; readonly cert: string }) {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      ...(tls === undefined ? {} : { tls: { key: readFileSync(tls.key), cert: readFileSync(tls.cert) } }),
      fetch: async (request) => {
        const body = (await request.json()) as Heard["body"]
        this.heard.push({ body, headers: request.headers })
        for (const listener of this.#listeners) listener()
        return new Response(this.answers[String(body["action"])] ?? '{"code":0,"data":null}')
      }
    })
  }

  get actions(): ReadonlyArray<string> {
    return this.heard.map(({ body }) => `${String(body["action"])} ${String(body["stream"] ?? "")}`.trim())
  }

  of(action: string): Readonly<Record<string, string | number>> | undefined {
    return this.heard.find(({ body }) => body["action"] === action)?.body
  }

  until(action: string, count = 1): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.heard.filter(({ body }) => body["action"] === action).length >= count) resolve()
      }
      this.#listeners.push(check)
      check()
    })
  }

  directives(more = ""): string {
    const url = `${this.#server.url.protocol}//127.0.0.1:${this.#server.port}/api/v1`
    const events = ["on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop", "on_hls"]
    return `http_hooks { enabled on; ${events.map((event) => `${event} ${url}/${event};`).join(" ")} ${more} }`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true)
  }
}

for (const runtime of ["bun", "deno", "node"] satisfies Array<Runtime>) {
  test(`on ${runtime} a publisher and a player over HTTP are told of, in SRS's order`, async () => {
    await using callbacks = new Callbacks()
    await withServer({ runtime, vhost: callbacks.directives("secret s3cret;") }, async (server) => {
      const source = await clip("h264Aac")
      await using player = new Program(["curl", "-sN", "-o", "-", `${server.http()}?token=1`])
      await callbacks.until("on_play")
      await using publisher = publish(source.path, `${server.rtmp()}?key=2`)
      await publisher.succeeded()
      await player.succeeded()
      await callbacks.until("on_close")
      await callbacks.until("on_stop")
      const publishing = callbacks.actions.filter((action) => !/on_play|on_stop/.test(action))
      expect(publishing).toEqual(["on_connect a", "on_publish a", "on_unpublish a", "on_close"])
      const common = { ip: "127.0.0.1", vhost: "__defaultVhost__", app: "live" }
      const rtmp = { ...common, tcUrl: `rtmp://127.0.0.1:${server.rtmpPort}/live`, param: "?key=2" }
      expect(callbacks.of("on_connect")).toMatchObject({ ...rtmp, stream: "a" })
      expect(callbacks.of("on_publish")).toMatchObject({ ...rtmp, stream_url: "/live/a" })
      expect(callbacks.of("on_publish")?.["stream_id"]).toMatch(/^vid-/)
      const http = { ...common, tcUrl: "rtmp://__defaultVhost__/live", param: "?token=1", stream: "a" }
      expect(callbacks.of("on_play")).toMatchObject({ ...http, stream_url: "/live/a" })
      expect(callbacks.of("on_stop")).toMatchObject({ ...http, client_id: callbacks.of("on_play")?.["client_id"] })
      const close = callbacks.of("on_close")
      expect(close?.["client_id"]).toBe(callbacks.of("on_publish")?.["client_id"])
      expect(Number(close?.["recv_bytes"])).toBeGreaterThan(10_000)
      expect(callbacks.heard[0]?.headers.get("user-agent")).toBe("SRS/7.0.18(Hang)")
      expect(callbacks.heard[0]?.headers.get("x-sluice-signature")).toMatch(/^sha256=[0-9a-f]{64}$/)
    })()
  })

  test(`on ${runtime} a server over TLS refuses a publisher`, () =>
    withCertificate(async (files) => {
      await using callbacks = new Callbacks(files)
      callbacks.answers["on_publish"] = '{"code":403}'
      await withServer({ runtime, vhost: callbacks.directives() }, async (server) => {
        const source = await clip("h264Aac")
        await using publisher = publish(source.path, server.rtmp(), { level: "info" })
        expect((await publisher.exited).code).not.toBe(0)
        await callbacks.until("on_close")
        expect(callbacks.actions).toEqual(["on_connect a", "on_publish a", "on_close"])
      })()
    }))
}

test("a player over HTTP that is refused gets nothing", async () => {
  await using callbacks = new Callbacks()
  callbacks.answers["on_play"] = "1"
  await withServer({ vhost: callbacks.directives() }, async (server) => {
    await using player = new Program(["curl", "-s", "-o", "-", "-w", "%{http_code}", server.http()])
    expect((await player.exited).code).toBe(0)
    expect(player.out.text()).toEndWith("403")
    expect(callbacks.actions).toEqual(["on_play a"])
  })()
})

test("each HLS segment is told of when it is there, the last one too", async () => {
  await using callbacks = new Callbacks()
  const hls = "hls { enabled on; hls_fragment 1; hls_path ./hls; hls_m3u8_file [app]/[stream].m3u8; }"
  await withServer({ vhost: `${hls} ${callbacks.directives()}` }, async (server) => {
    const source = await clip("h264Aac")
    await using publisher = publish(source.path, `${server.rtmp()}?key=2`)
    await publisher.succeeded()
    await callbacks.until("on_hls", 4)
    const told = callbacks.heard.filter(({ body }) => body["action"] === "on_hls").map(({ body }) => body)
    expect(told.map((body) => body["seq_no"])).toEqual([0, 1, 2, 3])
    for (const body of told) {
      expect(body).toMatchObject({ param: "?key=2", m3u8: "./hls/live/a.m3u8", m3u8_url: "live/a.m3u8" })
      expect(body["client_id"]).toBe(callbacks.of("on_publish")?.["client_id"] ?? "")
      expect(body["url"]).toBe(`live/a-${body["seq_no"]}.ts`)
      expect(body["cwd"]).toBe(server.directory)
      expect(existsSync(join(server.directory, String(body["file"])))).toBe(true)
      expect(Number(body["duration"])).toBeCloseTo(1, 0)
    }
  })()
})
