/** Sources and playback as the server has them, with publishers and viewers that are plain calls. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Format, Join } from "../../../src/domain/media/Format.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as GopCacheLayer from "../../../src/layers/source/GopCache.ts"
import * as PlaybackLayer from "../../../src/layers/source/Playback.ts"
import * as SourceRegistryLayer from "../../../src/layers/source/SourceRegistry.ts"
import { type AccessRequest, Permit } from "../../../src/services/Authorizer.ts"
import { Playback, type Sink, type ViewOptions } from "../../../src/services/Playback.ts"
import type { Session } from "../../../src/services/Sessions.ts"
import { SourceRegistry, type TakenOver } from "../../../src/services/SourceRegistry.ts"
import type { DrainListener } from "../../../src/services/Transport.ts"
import { mustEndAtZero } from "../../support/effect.ts"

export const session = (id: string): Session => ({
  id,
  protocol: "test",
  address: "127.0.0.1",
  connected: true,
  openedAt: 0,
  type: "",
  stream: undefined,
  role: "",
  tcUrl: "",
  pageUrl: "",
  swfUrl: "",
  counters: {
    bytesIn: () => 0,
    bytesOut: () => 0,
    framesIn: 0,
    framesOut: 0,
    framesDropped: 0,
    jumps: 0,
    viewer: undefined
  },
  kicked: undefined
})

const request = (name: string, param: string, id: string): AccessRequest => ({
  session: session(id),
  stream: { vhost: "__defaultVhost__", app: "live", stream: name },
  param,
  tcUrl: "rtmp://localhost/live",
  pageUrl: ""
})

/** One byte a frame: its last letter. The head of an entry is its headers' letters in brackets. */
export const letters: Format = {
  key: "letters",
  lanes: 0,
  encoder: () => ({
    lane: () => 0,
    encode: (frame, out) => {
      const slab = out.reserve(1)
      slab.bytes[slab.used] = frame.bytes[frame.end - 1]
      out.commit(slab, 1)
      return 0
    }
  }),
  viewer: () => ({
    enter: ({ headers }: Join) =>
      Buffer.from(`[${headers.map(({ bytes, end }) => String.fromCharCode(bytes[end - 1])).join("")}]`),
    own: () => new Uint8Array(0)
  })
}

export class TestSink implements Sink {
  received = ""
  writes: Array<string> = []
  /** Bytes are taken at once unless it is blocked. */
  blocked = false
  #queued = 0
  #listener: DrainListener | undefined

  readonly write = (bytes: Uint8Array): void => {
    const text = Buffer.from(bytes).toString("latin1")
    this.received += text
    this.writes.push(text)
    if (this.blocked) this.#queued += bytes.length
  }
  readonly queuedBytes = (): number => this.#queued
  readonly onDrain = (listener: DrainListener): void => {
    this.#listener = listener
  }

  /** The network takes some of what is queued. */
  accept(bytes = this.#queued): void {
    this.#queued -= bytes
    if (this.#queued === 0) this.#listener?.drained()
  }
}

export const harness = Effect.fnUntraced(function* (settings = "") {
  const base = GopCacheLayer.layer.pipe(Layer.provideMerge(layerText(settings)))
  const core = PlaybackLayer.layer.pipe(Layer.provideMerge(SourceRegistryLayer.layer), Layer.provideMerge(base))
  const services = yield* Layer.build(core)
  const registry = Context.get(services, SourceRegistry)
  const playback = Context.get(services, Playback)
  let viewers = 0
  yield* mustEndAtZero("viewers", () => viewers)
  let publishers = 0

  /** Publishes until `leave`, or the end of the test. */
  const publish = Effect.fnUntraced(function* (name: string, param = "") {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const takenOver: Array<TakenOver> = []
    const permit = Permit.grantUnsafe("publish", request(name, param, `p${++publishers}`))
    const publication = yield* Scope.provide(
      registry.publish(permit, (error) => takenOver.push(error)),
      scope
    )
    let time = 0
    /** `K` a keyframe, `A` sound, other capitals pictures; small letters are headers of pictures, `m` metadata. */
    const send = (text: string, stepMillis = 40): void => {
      for (const letter of text) {
        const header = letter !== letter.toUpperCase()
        const kind = letter === "m" ? Kind.Data : letter === "A" ? Kind.Audio : Kind.Video
        const bytes = Uint8Array.of(letter.charCodeAt(0))
        const frame = new MediaFrame({
          kind,
          published: time,
          bytes,
          start: 0,
          end: 1,
          keyframe: letter === "K",
          header
        })
        publication.append(frame)
        if (!header) time += stepMillis
      }
      publication.flush()
    }
    return { publication, send, takenOver, leave: Scope.close(scope, Exit.void) }
  })

  const view = Effect.fnUntraced(function* (name: string, options: Partial<ViewOptions> = {}) {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const sink = new TestSink()
    const access = request(name, "", `v${viewers}`)
    const all = { format: letters, sink, session: access.session, endWithPublisher: false, ...options }
    viewers++
    yield* Scope.addFinalizer(
      scope,
      Effect.sync(() => viewers--)
    )
    const viewer = yield* Scope.provide(playback.view(Permit.grantUnsafe("play", access), all), scope)
    return { viewer, sink, counters: access.session.counters, leave: Scope.close(scope, Exit.void) }
  })

  return { registry, playback, publish, view }
})
