import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { defaultVhost } from "../../../src/domain/media/StreamName.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as SessionsLayer from "../../../src/layers/sessions/Sessions.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as SourceRegistryLayer from "../../../src/layers/source/SourceRegistry.ts"
import * as StatisticsLayer from "../../../src/layers/statistics/Statistics.ts"
import { Permit } from "../../../src/services/Authorizer.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { Statistics } from "../../../src/services/Statistics.ts"
import { effect } from "../../support/effect.ts"
import { fixtureFrames } from "../../support/flvFrames.ts"

const stream = { vhost: defaultVhost, app: "live", stream: "a" }

const harness = Effect.fnUntraced(function* (settings = "vhost __defaultVhost__ {}") {
  const ground = SessionsLayer.layer.pipe(Layer.provideMerge(layerText(settings)))
  const sources = SourceRegistryLayer.layer.pipe(Layer.provideMerge(GopCache.layer))
  const services = yield* Layer.build(
    StatisticsLayer.layer.pipe(Layer.provideMerge(sources), Layer.provideMerge(ground))
  )
  const sessions = Context.get(services, Sessions)
  const registry = Context.get(services, SourceRegistry)
  const statistics = Context.get(services, Statistics)
  const publish = Effect.fnUntraced(function* (frames: ReadonlyArray<MediaFrame>) {
    const session = yield* sessions.open({
      protocol: "rtmp",
      connected: true,
      address: "10.0.0.1",
      traffic: { bytesIn: () => 1000, bytesOut: () => 10 }
    })
    session.stream = stream
    session.type = "fmle-publish"
    session.role = "publish"
    const permit = Permit.grantUnsafe("publish", { session, stream, param: "", tcUrl: "", pageUrl: "" })
    const publication = yield* registry.publish(permit, () => undefined)
    for (const frame of frames) publication.append(frame)
    return session
  })
  const state = () => [...statistics.streams()].map(statistics.stateOf)[0]
  return { sessions, statistics, publish, state }
})

effect("codecs without a header are known by their frames, for as long as they are published", () =>
  Effect.gen(function* () {
    const { publish, sessions, state } = yield* harness()
    const waiting = yield* sessions.open({
      protocol: "rtmp",
      connected: true,
      address: "10.0.0.2",
      traffic: { bytesIn: () => 0, bytesOut: () => 0 }
    })
    waiting.stream = stream
    waiting.type = "rtmp-play"
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* publish(fixtureFrames("h264-mp3"))
        expect(state()).toMatchObject({
          active: true,
          video: { codec: "H264" },
          audio: { codec: "MP3", sampleRate: 44_100 }
        })
      })
    )
    expect(state()).toMatchObject({ active: false, video: undefined, audio: undefined })
    yield* publish(fixtureFrames("hevc-opus"))
    expect(state()).toMatchObject({ active: true, video: { codec: "HEVC", width: 320 }, audio: { codec: "Opus" } })
  })
)

effect("a track that is not there has no facts", () =>
  Effect.gen(function* () {
    const { publish, state } = yield* harness()
    const frames = fixtureFrames("h264-aac").filter(({ kind }) => kind === Kind.Audio)
    yield* publish(frames)
    expect(state()).toMatchObject({ active: true, frames: 0, video: undefined, audio: { codec: "AAC" } })
  })
)

effect("video frames are counted with their headers", () =>
  Effect.gen(function* () {
    const { publish, state } = yield* harness()
    const frames = fixtureFrames("h264-aac")
    yield* publish(frames)
    expect(state()?.frames).toBe(frames.filter(({ kind }) => kind === Kind.Video).length)
  })
)

effect("each group of the system is sampled at its own pace", () =>
  Effect.gen(function* () {
    const { statistics } = yield* harness()
    const times = () => {
      const { cpu, disk, load, memory, network, self, sockets, usage } = statistics.system()
      return [usage, self, cpu, disk, memory, load, network, sockets].map((group) => group?.at)
    }
    expect(times()).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    yield* TestClock.adjust(3000)
    expect(times()).toEqual([3000, 3000, 3000, 0, 0, 0, 0, 0])
    yield* TestClock.adjust(3000)
    expect(times()).toEqual([6000, 6000, 6000, 6000, 6000, 0, 0, 0])
    yield* TestClock.adjust(3000)
    expect(times()).toEqual([9000, 9000, 9000, 6000, 6000, 9000, 9000, 9000])
    expect(statistics.traffic().at).toBe(9000)
  })
)

effect("with stats off nothing is sampled, and clients are counted all the same", () =>
  Effect.gen(function* () {
    const { publish, statistics } = yield* harness("stats { enabled off; } vhost __defaultVhost__ {}")
    const session = yield* publish([])
    yield* TestClock.adjust(60_000)
    expect(statistics.system()).toEqual({})
    expect([...statistics.clients()]).toMatchObject([{ client: session, bytesIn: 1000, bytesOut: 10 }])
    expect([...statistics.streams()].map(({ rates }) => rates.seconds30.recvKbps)).toEqual([0])
  })
)

effect("a session that has left is counted no more, though somebody still asks for its stream", () =>
  Effect.gen(function* () {
    const { publish, statistics } = yield* harness()
    const session = yield* Effect.scoped(
      Effect.gen(function* () {
        const session = yield* publish([])
        expect(statistics.streamOf(session)?.key).toBe("/live/a")
        return session
      })
    )
    expect(statistics.streamOf(session)).toBeUndefined()
    expect([statistics.ledger().clients.size, statistics.ledger().streamCount]).toEqual([0, 0])
    expect(statistics.ledger()).toMatchObject({ clientsTotal: 1, clientsEnded: 1, bytesIn: 1000 })
  })
)
