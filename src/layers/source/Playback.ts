/**
 * Delivery: one fiber per source that has viewers paces the flushes, and each flush is one plain loop over the viewers.
 *
 * Merged-write viewers are spread over phases of the period, because thousands in one tick would stall everybody; the
 * next flush starts when the last has ended.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import type { Permit } from "../../services/Authorizer.ts"
import type { StartPolicy } from "../../domain/media/Cursor.ts"
import { overloadPeriodMillis } from "../../domain/process/Overload.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import { GopCache } from "../../services/GopCache.ts"
import { Overload } from "../../services/Overload.ts"
import { Playback, type ViewOptions, ViewerStalled } from "../../services/Playback.ts"
import { Settings } from "../../services/Settings.ts"
import { type Source, SourceRegistry } from "../../services/SourceRegistry.ts"
import { background } from "../telemetry/background.ts"
import { held } from "../telemetry/held.ts"
import { Delivery, type Pace } from "./Delivery.ts"
import type { DeliveredViewer } from "./DeliveredViewer.ts"
import { monotonicMillis } from "./monotonic.ts"

/** A viewer that accepts no byte for this long is closed (SRS's send timeout). */
export const stallMillis = 30_000
const stallCheckMillis = 1000
/** With `min_latency on`, and at least, viewers get what has accumulated this often. */
export const lowLatencyMillis = 20

const paceOf = (vhost: VhostSettings | undefined, leastMillis: number): Pace => {
  const wanted = vhost?.minLatency === true ? lowLatencyMillis : (vhost?.play.mwLatencyMillis ?? 350)
  const latency = Math.max(wanted, leastMillis)
  const lowLatency = latency <= lowLatencyMillis
  return {
    periodMillis: lowLatency ? lowLatencyMillis : latency,
    lowLatency,
    singleMillis: vhost?.play.sendMinIntervalMillis ?? 0
  }
}

export const layer = Layer.effect(
  Playback,
  Effect.gen(function* () {
    const registry = yield* SourceRegistry
    const gopCache = yield* GopCache
    const settings = yield* Settings
    const overload = yield* Overload
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const deliveries = new Map<Source, Delivery>()

    /** Adds the viewer in one synchronous step; the first one of a source starts its delivery. */
    const join = (permit: Permit<"play">, source: Source, options: ViewOptions, start: StartPolicy) =>
      Effect.suspend(() => {
        const known = deliveries.get(source)
        if (known !== undefined) return Effect.succeed(known.add(options, start))
        const delivery = new Delivery(
          source,
          () => paceOf(settings.vhost(source.name.vhost), overloadPeriodMillis[overload.level()]),
          () => monotonicMillis(clock)
        )
        deliveries.set(source, delivery)
        const viewer = delivery.add(options, start)
        // It reads and observes from now on, for all its viewers: the publisher's next frame may come before any other fiber runs.
        const follow = Effect.andThen(registry.subscribe(permit), source.observe(delivery))
        const run = Effect.scoped(Effect.andThen(follow, delivery.run))
        return Effect.map(Effect.forkIn(run, scope, { startImmediately: true }), (fiber) => {
          delivery.fiber = fiber
          return viewer
        })
      })

    const leave = (viewer: DeliveredViewer) =>
      Effect.suspend(() => {
        const delivery = deliveries.get(viewer.source)
        if (delivery === undefined) return Effect.void
        delivery.remove(viewer)
        if (delivery.size > 0) return Effect.void
        deliveries.delete(viewer.source)
        return delivery.fiber === undefined ? Effect.void : Fiber.interrupt(delivery.fiber)
      })

    const startOf = (source: Source, { start }: ViewOptions) => start ?? gopCache.start(source.name.vhost)

    /** Who is not the first needs no more than the delivery, which keeps the source. */
    const view = (permit: Permit<"play">, options: ViewOptions) =>
      Effect.suspend(() => {
        const source = registry.find(streamKey(permit.request.stream))
        const delivery = source === undefined ? undefined : deliveries.get(source)
        if (source === undefined || delivery === undefined) return viewAsFirst(permit, options)
        return held(
          Effect.sync(() => delivery.add(options, startOf(source, options))),
          leave
        )
      })

    const viewAsFirst = Effect.fnUntraced(function* (permit: Permit<"play">, options: ViewOptions) {
      const scope = yield* Effect.scope
      // Until it has joined, the source is kept for it alone.
      return yield* Effect.scoped(
        Effect.flatMap(registry.subscribe(permit), (source) =>
          Scope.provide(held(join(permit, source, options, startOf(source, options)), leave), scope)
        )
      )
    })

    const closeStalled = Effect.gen(function* () {
      while (true) {
        yield* Effect.sleep(stallCheckMillis)
        const now = monotonicMillis(clock)
        for (const delivery of deliveries.values()) {
          for (const viewer of delivery.stalled(now, stallMillis)) {
            viewer.end(new ViewerStalled({ stallMillis }))
          }
        }
      }
    })
    yield* background("stalled viewers", { fatal: false })(closeStalled)

    return Playback.of({ view })
  })
)
