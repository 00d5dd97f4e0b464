/** DASH of the real sources and the real gateway, on a disk in memory, in virtual time. */
import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as DashLayer from "../../../src/layers/dash/Dash.ts"
import * as DashHttp from "../../../src/layers/dash/DashHttp.ts"
import * as Store from "../../../src/layers/segments/SegmentStore.ts"
import * as SegmentViewers from "../../../src/layers/sessions/SegmentViewers.ts"
import * as GopCache from "../../../src/layers/source/GopCache.ts"
import * as Registry from "../../../src/layers/source/SourceRegistry.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../../src/services/Authorizer.ts"
import { HttpGateway } from "../../../src/services/HttpGateway.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { checkMpd, numbered, parseXml } from "../../domain/dash/checkMpd.ts"
import { framesOf } from "../../domain/ts/media.ts"
import { changingSettings } from "../../support/changingSettings.ts"
import { MemoryDisk } from "../../support/memoryDisk.ts"
import { get, harness as gatewayHarness, serverPort } from "../http/harness.ts"
import { session } from "../source/harness.ts"

/** Lets the fibers that write run on. */
export const settle = Effect.gen(function* () {
  for (let i = 0; i < 3; i++) yield* TestClock.adjust(0)
})

/** Keyframes at its beginning, after 480 and after 960 ms. */
const clipMillis = 1040

export const harness = Effect.fnUntraced(function* (dash = "") {
  const disk = new MemoryDisk()
  const settings = `http_server { enabled on; listen ${serverPort}; } max_connections 100;
    vhost __defaultVhost__ { dash { enabled on; dash_path /out; dash_fragment 1; dash_window_size 3; ${dash} } }`
  const gateway = yield* gatewayHarness({ settings })
  const { change, layer: changing, lookups } = changingSettings(Context.get(gateway.services, Settings))
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  /** Who was let in, and how many of them have left. */
  const asked: Array<AccessRequest> = []
  let stopped = 0
  const authorizer = Layer.mock(Authorizer, {
    play: (request) =>
      Effect.gen(function* () {
        asked.push(request)
        const { stream } = request.stream
        if (request.param === "?no") return yield* new Refused({ action: "play", stream, reason: "no", code: 2015 })
        yield* Effect.addFinalizer(() => Effect.sync(() => stopped++))
        return Permit.grantUnsafe("play", request)
      })
  })
  const dashLayer = Layer.build(
    DashHttp.layer.pipe(
      Layer.provide(DashLayer.layer),
      Layer.provideMerge(Registry.layer),
      Layer.provide([GopCache.layer, Store.layerOn(disk), SegmentViewers.layer]),
      Layer.provide([authorizer, changing]),
      Layer.provide(Layer.succeedContext(gateway.services))
    )
  )
  const services = yield* Scope.provide(dashLayer, scope)
  const registry = Context.get(services, SourceRegistry)
  yield* Context.get(gateway.services, HttpGateway).listen

  const publish = Effect.fnUntraced(function* (name = "a") {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const stream = { vhost: "__defaultVhost__", app: "live", stream: name }
    const request = { session: session("p"), stream, param: "", tcUrl: "", pageUrl: "" }
    const publication = yield* Scope.provide(
      registry.publish(Permit.grantUnsafe("publish", request), () => undefined),
      scope
    )
    let clips = 0
    /** So many seconds, at the stream's own pace. */
    const play = Effect.fnUntraced(function* (count: number) {
      for (let i = 0; i < count; i++) {
        for (const frame of framesOf("h264-aac", clipMillis * clips++)) publication.append(frame)
        publication.flush()
        yield* TestClock.adjust(clipMillis)
      }
      yield* settle
    })
    return { play, leave: Effect.andThen(Scope.close(scope, Exit.void), settle) }
  })

  let last: string | undefined
  const context = () => /dash_ctx=\w+/.exec(last ?? "")?.[0]
  const plain = (path: string, ...fields: ReadonlyArray<string>) =>
    gateway.ask(get(path, "Connection: close", ...fields))
  /** By the viewer that the last MPD was for. */
  const answer = (path: string) =>
    plain(last === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}${context()}`)
  /** The MPD over HTTP; each is held against the rules, and against the one before. */
  const mpd = Effect.fnUntraced(function* (path = "/live/a.mpd") {
    const text = yield* answer(path)
    const body = text.slice(text.indexOf("\r\n\r\n") + 4)
    if (body.startsWith("<")) {
      expect(checkMpd(body, last)).toEqual([])
      last = body
    }
    return body
  })
  const listed = (text: string) => numbered(parseXml(text.trim())).map(([key]) => key)
  const listeners = Context.get(gateway.services, Listeners)
  const viewers = { asked, stopped: () => stopped }
  const enable = (enabled: boolean) => change((vhost) => ({ ...vhost, dash: { ...vhost.dash, enabled } }))
  const { sessions } = gateway
  const shutdown = Scope.close(scope, Exit.void)
  return { answer, plain, disk, enable, listed, listeners, lookups, mpd, publish, sessions, viewers, shutdown }
})

export const status = (answer: string): string => answer.slice(9, 12)
