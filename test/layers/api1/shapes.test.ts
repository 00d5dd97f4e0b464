/** Every endpoint against the golden files: names, types and order. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { defaultVhost } from "../../../src/domain/media/StreamName.ts"
import { effect } from "../../support/effect.ts"
import { fixtureFrames } from "../../support/flvFrames.ts"
import { goldenShape, jsonShape } from "../../support/jsonShape.ts"
import { harness, ports } from "./harness.ts"

const settings = `${ports} vhost __defaultVhost__ {} vhost hls.test { hls { enabled on; hls_fragment 2.5; } }`
const stream = { vhost: defaultVhost, app: "live", stream: "a" }

const started = Effect.fnUntraced(function* () {
  const all = yield* harness({ settings })
  const { client, publish } = all
  const publisher = yield* client("fmle-publish", stream)
  const publication = yield* publish(publisher.session, stream)
  for (const frame of fixtureFrames("h264-aac")) publication.append(frame)
  publication.flush()
  return { ...all, publisher }
})

/** Golden file and path. */
const fixed: ReadonlyArray<readonly [golden: string, path: string]> = [
  ["index_root", "/"],
  ["index_api", "/api/"],
  ["index_v1", "/api/v1/"],
  ["versions", "/api/v1/versions"],
  ["summaries", "/api/v1/summaries"],
  ["rusages", "/api/v1/rusages"],
  ["self_proc_stats", "/api/v1/self_proc_stats"],
  ["system_proc_stats", "/api/v1/system_proc_stats"],
  ["meminfos", "/api/v1/meminfos"],
  ["authors", "/api/v1/authors"],
  ["features", "/api/v1/features"],
  ["requests", "/api/v1/requests"],
  ["requests", "/api/v1/tests/requests?a=b"],
  ["error", "/api/v1/tests/errors"],
  ["vhosts", "/api/v1/vhosts/"],
  ["streams", "/api/v1/streams/"],
  ["clients", "/api/v1/clients/"],
  ["raw", "/api/v1/raw?rpc=raw"],
  ["clusters", "/api/v1/clusters?vhost=h&app=live&stream=a&ip=1.2.3.4&coworker=1.2.3.4:1985"],
  ["clusters_elsewhere", "/api/v1/clusters?vhost=h&app=live&stream=b"],
  ["error", "/api/v1/vhosts/vid-nothing"],
  ["error", "/api/v1/streams/vid-nothing"],
  ["error", "/api/v1/clients/nobody00"],
  ["error", "/metrics"]
]

effect("each answer has the names, types and order of SRS's", () =>
  Effect.gen(function* () {
    const { ask } = yield* started()
    for (const [golden, path] of fixed) {
      const { body, head } = yield* ask(path)
      expect([path, jsonShape(body)]).toEqual([path, goldenShape(golden)])
      expect(head).toStartWith("HTTP/1.1 200 ")
      expect(head).toContain("Content-Type: application/json")
      // Compact: no white space outside of strings.
      expect(body.replace(/"(?:[^"\\]|\\.)*"/g, "")).not.toMatch(/\s/)
    }
  })
)

effect("one vhost, stream and client by its id", () =>
  Effect.gen(function* () {
    const { ask, client, json, publisher } = yield* started()
    const stream = (yield* json("/api/v1/streams/")).streams[0]
    expect(jsonShape((yield* ask(`/api/v1/streams/${stream.id}`)).body)).toEqual(goldenShape("stream"))
    expect(jsonShape((yield* ask(`/api/v1/clients/${publisher.session.id}`)).body)).toEqual(goldenShape("client"))
    yield* client("rtmp-play", { vhost: "hls.test", app: "live", stream: "b" })
    const { vhosts } = yield* json("/api/v1/vhosts/")
    const vhost = vhosts.find(({ name }: { readonly name: string }) => name === "hls.test")
    expect(vhost).toMatchObject({ enabled: true, clients: 1, streams: 1, hls: { enabled: true, fragment: 2.5 } })
    expect(jsonShape((yield* ask(`/api/v1/vhosts/${vhost.id}`)).body)).toEqual(goldenShape("vhost_with_hls"))
    const { streams } = yield* json("/api/v1/streams/")
    const waiting = streams.find(({ name }: { readonly name: string }) => name === "b")
    expect(jsonShape((yield* ask(`/api/v1/streams/${waiting.id}`)).body)).toEqual(goldenShape("stream_waiting"))
  })
)

/** What `details=on` adds, by the path below which it stands. */
const detailed: ReadonlyArray<readonly [golden: string, path: string, at: string]> = [
  ["details_summaries", "/api/v1/summaries", ""],
  ["details_vhost", "/api/v1/vhosts/", "vhosts.0."],
  ["details_stream", "/api/v1/streams/", "streams.0."],
  ["details_client", "/api/v1/clients/", "clients.0."]
]

effect("details stand behind SRS's own members, and only where they are asked for", () =>
  Effect.gen(function* () {
    const { ask } = yield* started()
    for (const [golden, path, at] of detailed) {
      const plain = jsonShape((yield* ask(path)).body)
      const shape = jsonShape((yield* ask(`${path}?details=on`)).body)
      expect(shape.slice(0, plain.length)).toEqual([...plain])
      expect(shape.slice(plain.length)).toEqual(goldenShape(golden).map((line) => at + line))
    }
  })
)

effect("an answer with statistics switched off says that there are none", () =>
  Effect.gen(function* () {
    const { ask, json } = yield* harness({ settings: `${ports} stats { enabled off; }` })
    for (const name of ["summaries", "rusages", "self_proc_stats", "system_proc_stats", "meminfos"]) {
      expect(jsonShape((yield* ask(`/api/v1/${name}`)).body)).toEqual(goldenShape(name))
      expect((yield* json(`/api/v1/${name}`)).data.ok).toBe(false)
    }
  })
)

effect("what is sampled is this process on this machine", () =>
  Effect.gen(function* () {
    const { json } = yield* started()
    const { data } = yield* json("/api/v1/summaries")
    expect(data).toMatchObject({
      ok: true,
      self: { version: "7.0.18", pid: 42, ppid: process.ppid, cwd: process.cwd() }
    })
    expect(data.self.mem_kbyte).toBeGreaterThan(10_000)
    expect(data.system.mem_ram_kbyte).toBeGreaterThan(data.self.mem_kbyte)
    expect(data.system.cpus).toBeGreaterThan(0)
    expect((yield* json("/api/v1/self_proc_stats")).data).toMatchObject({
      ok: true,
      pid: process.pid,
      ppid: process.ppid
    })
    expect((yield* json("/api/v1/meminfos")).data.MemTotal).toBe(data.system.mem_ram_kbyte)
  })
)
