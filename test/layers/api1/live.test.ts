/** Streams and clients: their numbers, pages, and the end of a client by the API. */
import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import { defaultVhost, type StreamName } from "../../../src/domain/media/StreamName.ts"
import { effect } from "../../support/effect.ts"
import { fixtureFrames } from "../../support/flvFrames.ts"
import { apiPort, get } from "../http/harness.ts"
import { harness, ports } from "./harness.ts"

const stream: StreamName = { vhost: defaultVhost, app: "live", stream: "a" }
const settings = `${ports} vhost __defaultVhost__ {}`

effect("a stream has the facts of its codecs, its publisher and its bytes", () =>
  Effect.gen(function* () {
    const { client, json, publish } = yield* harness({ settings })
    const { bytes, session } = yield* client("fmle-publish", stream)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const publication = yield* publish(session, stream)
        const frames = fixtureFrames("h264-aac")
        for (const frame of frames) publication.append(frame)
        bytes.in = 5000
        bytes.out = 300
        yield* client("flv-play", stream)
        const video = frames.filter(({ kind }) => kind === 9).length
        expect((yield* json("/api/v1/streams/")).streams).toEqual([
          {
            id: expect.stringMatching(/^vid-[0-9a-z]{7}$/),
            name: "a",
            vhost: expect.stringMatching(/^vid-[0-9a-z]{7}$/),
            app: "live",
            tcUrl: "rtmp://h/live",
            url: "/live/a",
            live_ms: 0,
            clients: 2,
            frames: video,
            send_bytes: 300,
            recv_bytes: 5000,
            kbps: { recv_30s: 0, send_30s: 0 },
            publish: { active: true, cid: session.id },
            // What FFmpeg's demuxer says of the file (test/fixtures/flv/h264-aac.json).
            video: { codec: "H264", profile: "High", level: "1.2", width: 320, height: 180 },
            audio: { codec: "AAC", sample_rate: 48_000, channel: 2, profile: "LC" }
          }
        ])
      })
    )
    const [left] = (yield* json("/api/v1/streams/")).streams
    expect(left).toMatchObject({ publish: { active: false, cid: session.id }, video: null, audio: null })
  })
)

effect("rates are those of the last whole window of 30 s", () =>
  Effect.gen(function* () {
    const { client, json } = yield* harness({ settings })
    const { bytes, session } = yield* client("fmle-publish", stream)
    for (let second = 0; second < 33; second++) {
      bytes.in += 125_000
      bytes.out += 12_500
      yield* TestClock.adjust(1000)
    }
    const { client: shown } = yield* json(`/api/v1/clients/${session.id}`)
    expect(shown).toMatchObject({ alive: 33, recv_bytes: 33 * 125_000 })
    for (const { kbps } of [
      shown,
      (yield* json("/api/v1/streams/")).streams[0],
      (yield* json("/api/v1/vhosts/")).vhosts[0]
    ]) {
      expect(Math.abs(kbps.recv_30s - 1000)).toBeLessThan(50)
      expect(Math.abs(kbps.send_30s - 100)).toBeLessThan(5)
    }
    const { system } = (yield* json("/api/v1/summaries")).data
    expect(system.srs_recv_bytes).toBeGreaterThan(30 * 125_000)
  })
)

effect("details have the other windows, and the pictures of a stream", () =>
  Effect.gen(function* () {
    const { client, json, publish } = yield* harness({ settings })
    const { bytes, session } = yield* client("fmle-publish", stream)
    const { append } = yield* publish(session, stream)
    const picture = (millis: number) =>
      videoFrame({ codec: FourCc.Avc, keyframe: millis % 2000 === 0, data: Uint8Array.of(1) }, millis)
    const asked = ["streams/", "clients/", "vhosts/"].map((path) => `/api/v1/${path}?details=on`)
    const details = Effect.fnUntraced(function* () {
      const answers = yield* Effect.forEach(asked, (path) => json(path))
      return answers.map(({ clients, streams, vhosts }) => (clients ?? streams ?? vhosts)[0].details)
    })
    for (let second = 0; second < 303; second++) {
      bytes.in += second < 150 ? 250_000 : 125_000
      for (let frame = 0; frame < 20; frame++) append(picture(second * 1000 + frame * 50))
      yield* TestClock.adjust(1000)
      if (second === 8) for (const { kbps } of yield* details()) expect([kbps.recv_10s, kbps.recv_5m]).toEqual([0, 0])
      if (second === 18) {
        for (const { kbps } of yield* details()) expect([kbps.recv_10s, kbps.recv_5m]).toEqual([2000, 0])
      }
    }
    const all = yield* details()
    expect(all[0]).toMatchObject({ fps: 20, gop_ms: 2000, gop_frames: 40 })
    for (const { kbps } of all) {
      expect(kbps.recv_10s).toBe(1000)
      expect(Math.abs(kbps.recv_5m - 1500)).toBeLessThan(20)
    }
    const server = (yield* json("/api/v1/summaries?details=on")).details.kbps
    expect(Math.abs(server.recv_30s - 1000)).toBeLessThan(20)
  })
)

effect("a stream ends with its last client, the vhost stays with all bytes", () =>
  Effect.gen(function* () {
    const { client, json } = yield* harness({ settings })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { bytes } = yield* client("rtmp-play", stream)
        bytes.out = 777
      })
    )
    expect((yield* json("/api/v1/streams/")).streams).toEqual([])
    expect((yield* json("/api/v1/clients/")).clients).toEqual([])
    expect((yield* json("/api/v1/vhosts/")).vhosts).toMatchObject([
      { name: defaultVhost, clients: 0, streams: 0, send_bytes: 777 }
    ])
  })
)

effect("lists have pages of at least ten, in the order of ids", () =>
  Effect.gen(function* () {
    const { client, json } = yield* harness({ settings })
    for (let i = 0; i < 25; i++) yield* client("rtmp-play", { ...stream, stream: `s${i}` })
    for (const list of ["clients", "streams"]) {
      const ids = (query: string) =>
        Effect.map(json(`/api/v1/${list}/${query}`), (answer) =>
          answer[list].map(({ id }: { readonly id: string }) => id)
        )
      const all = yield* ids("?count=100")
      expect(all.length).toBe(25)
      expect(all).toEqual([...all].sort())
      expect(yield* ids("")).toEqual(all.slice(0, 10))
      expect(yield* ids("?count=3")).toEqual(all.slice(0, 10))
      expect(yield* ids("?start=20&count=11")).toEqual(all.slice(20))
      expect(yield* ids("?start=-4&count=x")).toEqual(all.slice(0, 10))
      expect(yield* ids("?start=99")).toEqual([])
    }
  })
)

effect("connections that neither publish nor play are no clients", () =>
  Effect.gen(function* () {
    const { client, json } = yield* harness({ settings })
    const { session } = yield* client("", undefined)
    expect((yield* json("/api/v1/clients/")).clients).toEqual([])
    expect(yield* json(`/api/v1/clients/${session.id}`)).toEqual({ code: 2049 })
  })
)

const remove = (path: string, ...fields: ReadonlyArray<string>) =>
  get(path, "Connection: close", ...fields).replace(/^GET/, "DELETE")

effect("DELETE of a client ends it, and of an unknown one says so", () =>
  Effect.gen(function* () {
    const { client, request } = yield* harness({ settings })
    const { session } = yield* client("fmle-publish", stream)
    const other = yield* client("rtmp-play", stream)
    for (const id of ["nobody00", ""]) {
      expect((yield* request(remove(`/api/v1/clients/${id}`))).body).toBe('{"code":2049}')
    }
    expect((yield* request(remove(`/api/v1/clients/${session.id}`))).body).toBe(
      '{"code":0,"server":"vid-1234567","service":"abcdefgh","pid":"42"}'
    )
    expect(session.kicked?.reason).toStartWith("kicked by the API")
    expect(other.session.kicked).toBeUndefined()
  })
)

effect("a script may ask for DELETE, with a callback only", () =>
  Effect.gen(function* () {
    const { ask, client } = yield* harness({ settings })
    const { session } = yield* client("fmle-publish", stream)
    expect((yield* ask(`/api/v1/clients/${session.id}?method=DELETE`)).body).toContain('"client":{')
    expect(session.kicked).toBeUndefined()
    const { body } = yield* ask(`/api/v1/clients/${session.id}?callback=f&method=DELETE`)
    expect(body).toBe('f({"code":0,"server":"vid-1234567","service":"abcdefgh","pid":"42"})')
    expect(session.kicked).toBeDefined()
  })
)

effect("other methods are refused where SRS refuses them", () =>
  Effect.gen(function* () {
    const { request } = yield* harness({ settings })
    const status = (method: string, path: string) =>
      Effect.map(request(get(path, "Connection: close").replace(/^GET/, method)), ({ body, head }) => [
        head.split(" ")[1],
        body
      ])
    const refused = ["405", "Method Not Allowed"]
    expect(yield* status("DELETE", "/api/v1/streams/")).toEqual(refused)
    expect(yield* status("POST", "/api/v1/vhosts/")).toEqual(refused)
    expect(yield* status("POST", "/api/v1/clients/")).toEqual(refused)
    expect((yield* status("POST", "/api/v1/versions"))[0]).toBe("200")
    expect(yield* status("GET", "/api/v1/tests/redirects")).toEqual(["301", ""])
    expect((yield* request(get("/api/v1/streams?start=1", "Connection: close"), apiPort)).head).toMatch(
      /^HTTP\/1.1 302 [^]*Location: \/api\/v1\/streams\/\?start=1/
    )
  })
)
