/** HLS of the real sources and the real gateway, on a disk in memory, in virtual time. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { VhostSettings } from "../../../src/domain/config/Settings.ts"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import * as SegmentViewers from "../../../src/layers/sessions/SegmentViewers.ts"
import * as HlsHttp from "../../../src/layers/hls/HlsHttp.ts"
import * as Segmenter from "../../../src/layers/hls/HlsSegmenter.ts"
import * as Store from "../../../src/layers/segments/SegmentStore.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as Registry from "../../../src/layers/source/SourceRegistry.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../../src/services/Authorizer.ts"
import { HlsSegmenter, type SegmentWritten } from "../../../src/services/HlsSegmenter.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { Sessions } from "../../../src/services/Sessions.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { stream } from "../../domain/hls/frames.ts"
import { changingSettings } from "../../support/changingSettings.ts"
import { MemoryDisk } from "../../support/memoryDisk.ts"
import { checkPlaylists, PlaylistWatch } from "../../support/playlistChecks.ts"
import { get, harness as gatewayHarness, serverPort } from "../http/harness.ts"
import { session } from "../source/harness.ts"

export interface HlsHarnessOptions {
  /** Directives of `hls` beside `enabled` and `hls_fragment 2`. */
  readonly hls?: string
  readonly vhost?: string
  readonly global?: string
  readonly disk?: MemoryDisk
  /** The stream that nobody may play. */
  readonly refuse?: string
}

const access = (name: string): AccessRequest => ({
  session: session("publish"),
  stream: { vhost: "__defaultVhost__", app: "live", stream: name },
  param: "",
  tcUrl: "",
  pageUrl: ""
})

/** Lets the fibers that write run on. */
export const settle = Effect.gen(function* () {
  for (let i = 0; i < 3; i++) yield* TestClock.adjust(0)
})

export const harness = Effect.fnUntraced(function* (options: HlsHarnessOptions = {}) {
  const disk = options.disk ?? new MemoryDisk()
  const settings = `http_server { enabled on; listen ${serverPort}; } max_connections 100; ${options.global ?? ""}
    vhost __defaultVhost__ { ${options.vhost ?? ""} hls { enabled on; hls_path /hls; hls_fragment 2; ${options.hls ?? ""} } }`
  const gateway = yield* gatewayHarness({ settings })
  const real = Context.get(gateway.services, Settings)
  let patch: Partial<VhostSettings["hls"]> = {}
  const changing = changingSettings(real)
  const change = (next: Partial<VhostSettings["hls"]>) => {
    patch = { ...patch, ...next }
    return changing.change((vhost) => ({ ...vhost, hls: { ...vhost.hls, ...patch } }))
  }
  const asked: Array<AccessRequest> = []
  let stopped = 0
  const authorizer = Layer.mock(Authorizer, {
    play: (request) =>
      Effect.gen(function* () {
        asked.push(request)
        yield* Effect.yieldNow
        const { stream } = request.stream
        if (stream === options.refuse) {
          return yield* new Refused({ action: "play", stream, reason: "no", code: 2015 })
        }
        yield* Effect.addFinalizer(() => Effect.sync(() => stopped++))
        return Permit.grantUnsafe("play", request)
      })
  })
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const hls = HlsHttp.layer.pipe(
    Layer.provideMerge(Segmenter.layer),
    Layer.provideMerge(Registry.layer),
    Layer.provide([GopCache.layer, Store.layerOn(disk), SegmentViewers.layer]),
    Layer.provide(authorizer),
    Layer.provide(changing.layer),
    Layer.provide(Layer.succeedContext(gateway.services))
  )
  const services = yield* Scope.provide(Layer.build(hls), scope)
  const registry = Context.get(services, SourceRegistry)
  yield* Context.get(gateway.services, HttpGateway).listen
  const written: Array<SegmentWritten> = []
  yield* Context.get(services, HlsSegmenter).onSegment((segment) => written.push(segment))

  /** Publishes until `leave`. */
  const publish = Effect.fnUntraced(function* (name = "a") {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const permit = Permit.grantUnsafe("publish", access(name))
    const publication = yield* Scope.provide(
      registry.publish(permit, () => undefined),
      scope
    )
    let time = 0
    const push = (frames: ReadonlyArray<MediaFrame>) => {
      for (const frame of frames) publication.append(frame)
      publication.flush()
    }
    /** So much of a stream at its own pace, `step` milliseconds at once. */
    const play = Effect.fnUntraced(function* (millis: number, step = 1000) {
      for (let done = 0; done < millis; done += step) {
        push(stream({ from: time, millis: Math.min(step, millis - done) }))
        time += step
        yield* TestClock.adjust(step)
      }
      yield* settle
    })
    return { push, play, leave: Effect.andThen(Scope.close(scope, Exit.void), settle) }
  })

  const watch = new PlaylistWatch()
  const ask = (path: string, ...fields: ReadonlyArray<string>) =>
    Effect.map(gateway.ask(get(path, "Connection: close", ...fields)), (answer) => {
      if (answer.includes("Content-Type: application/vnd.apple.mpegurl\r\n")) {
        watch.see(path.split("?", 1)[0]!, answer.slice(answer.indexOf("\r\n\r\n") + 4))
      }
      return answer
    })
  const body = (path: string) => Effect.map(ask(path), (answer) => answer.slice(answer.indexOf("\r\n\r\n") + 4))
  const texts: Array<string> = []
  /** The playlist as it is on disk; each is held against the rules, and against those before it. */
  const listed = (name = "a") => {
    texts.push(disk.text(`/hls/live/${name}.m3u8`))
    checkPlaylists(texts)
    return texts[texts.length - 1]!.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  }
  const sessions = Context.get(gateway.services, Sessions)
  return {
    disk,
    publish,
    connect: gateway.connect,
    ask,
    body,
    listed,
    asked,
    written,
    change,
    lookups: changing.lookups,
    sessions,
    stopped: () => stopped,
    texts,
    shutdown: Scope.close(scope, Exit.void)
  }
})

/** Those that are seen: not the roster, and nothing hidden. */
export const files = (disk: MemoryDisk): ReadonlyArray<string> =>
  [...disk.files.keys()].filter((file) => !/\/\.[^/]*$/.test(file)).sort()
