/** Live sources by name: the publisher's slot with take-over and grace, readers, and the clean-up of idle sources. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { publishPath, type PublishPathOptions } from "../../domain/media/publishPath.ts"
import { type StreamName, streamKey } from "../../domain/media/StreamName.ts"
import type { Permit } from "../../services/Authorizer.ts"
import { GopCache } from "../../services/GopCache.ts"
import { Settings } from "../../services/Settings.ts"
import {
  type Attach,
  type Publication,
  SourceRefused,
  SourceRegistry,
  StreamBusy,
  TakenOver
} from "../../services/SourceRegistry.ts"
import { background } from "../telemetry/background.ts"
import { held } from "../telemetry/held.ts"
import { LiveSource, type Slot } from "./LiveSource.ts"
import { monotonicMillis } from "./monotonic.ts"

/** A source without publisher and reader is forgotten after this long, looked at this often (SRS: 3 to 6 s). */
const idleMillis = 3000

interface Subsystem {
  readonly name: string
  readonly attach: Attach
  readonly weight: "optional" | "required"
}

export const layer = Layer.effect(
  SourceRegistry,
  Effect.gen(function* () {
    const settings = yield* Settings
    const gopCache = yield* GopCache
    const clock = yield* Clock.Clock
    const registryScope = yield* Effect.scope
    const sources = new Map<string, LiveSource>()
    const subsystems = new Set<Subsystem>()

    const obtain = (name: StreamName): LiveSource => {
      const key = streamKey(name)
      const known = sources.get(key)
      if (known !== undefined) return known
      const source = new LiveSource(name, gopCache.retain(name.vhost))
      sources.set(key, source)
      return source
    }

    const becameIdle = (source: LiveSource): void => {
      if (source.readers === 0 && source.publishScope === undefined) source.idleSince = monotonicMillis(clock)
    }

    /** Check and claim in one synchronous step: another fiber may run at any `yield*`. */
    const claim = (source: LiveSource, slot: Slot): Effect.Effect<LiveSource, StreamBusy> =>
      Effect.suspend(() => {
        const current = source.slot
        if (current === undefined) {
          source.slot = slot
          return Effect.succeed(source)
        }
        const policy = settings.vhost(source.name.vhost)?.publish.onConflict ?? "refuse"
        const mayTake = policy === "takeover" || (policy === "takeover_same_token" && current.param === slot.param)
        if (!mayTake) return Effect.fail(new StreamBusy({ stream: source.key }))
        source.slot = slot
        current.onTakenOver(new TakenOver({ stream: source.key, by: slot.sessionId }))
        return Effect.succeed(source)
      })

    const closePublish = (source: LiveSource): Effect.Effect<void> =>
      Effect.suspend(() => {
        const scope = source.publishScope
        source.publishScope = undefined
        becameIdle(source)
        return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
      })

    /** Unless another publisher has come meanwhile. */
    const endPublish = (source: LiveSource): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (source.publishScope === undefined || source.slot !== undefined) return Effect.void
        source.tell("unpublished")
        source.log.reset()
        return closePublish(source)
      }).pipe(Effect.uninterruptible, source.turn.withPermits(1))

    const release = (source: LiveSource, slot: Slot): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (source.slot !== slot) return Effect.void
        source.slot = undefined
        const grace = settings.vhost(source.name.vhost)?.publish.graceMillis ?? 0
        if (grace === 0 || source.publishScope === undefined) return endPublish(source)
        const wait = Effect.andThen(Effect.sleep(grace), endPublish(source))
        return Effect.map(Effect.forkIn(wait, registryScope), (timer) => {
          source.graceTimer = timer
        })
      })

    const attachAll = Effect.fnUntraced(function* (source: LiveSource, scope: Scope.Closeable) {
      for (const { name, attach, weight } of subsystems) {
        const attached = Scope.provide(attach(source), scope)
        if (weight === "required") {
          yield* Effect.mapError(
            attached,
            ({ message }) => new SourceRefused({ stream: source.key, subsystem: name, reason: message })
          )
        } else {
          yield* Effect.catchCause(attached, (cause) =>
            Effect.logWarning("subsystem is off for this stream", cause).pipe(
              Effect.annotateLogs({ "stream.name": source.key, subsystem: name })
            )
          )
        }
      }
    })

    /** The first publisher starts what follows the stream; one that takes over or comes back finds it running. */
    const start = Effect.fnUntraced(function* (source: LiveSource) {
      const timer = source.graceTimer
      source.graceTimer = undefined
      if (timer !== undefined) yield* Fiber.interrupt(timer)
      source.log.retain(gopCache.retain(source.name.vhost))
      source.log.reset()
      if (source.publishScope !== undefined) return source.tell("discontinuity")
      const scope = yield* Scope.make()
      source.publishScope = scope
      yield* Effect.onError(attachAll(source, scope), () => closePublish(source))
      source.tell("published")
    })

    const pathOptions = (source: LiveSource): PublishPathOptions => {
      const vhost = settings.vhost(source.name.vhost)
      const onAbsoluteTimes = () => {
        source.timesAreAbsolute = true
      }
      return {
        silentAudio: vhost?.publish.silentAudio ?? false,
        mixCorrect: vhost?.play.mixCorrect ?? false,
        onAbsoluteTimes: vhost?.play.atcAuto ? onAbsoluteTimes : undefined
      }
    }

    const publish = Effect.fnUntraced(function* (permit: Permit<"publish">, onTakenOver: (error: TakenOver) => void) {
      const { session, stream, param } = permit.request
      const slot: Slot = { sessionId: session.id, param, onTakenOver }
      const source = yield* held(
        Effect.suspend(() => claim(obtain(stream), slot)),
        (source) => release(source, slot)
      )
      yield* source.turn.withPermits(1)(start(source))
      const path = publishPath(pathOptions(source), (frame) => {
        if (source.slot === slot) source.log.append(frame, clock.currentTimeMillisUnsafe())
      })
      yield* Effect.addFinalizer(() => Effect.sync(path.end))
      const flush = (): void => {
        if (source.slot === slot) source.tell("appended")
      }
      return { source, append: path.push, delays: path.delays, flush } satisfies Publication
    })

    const unsubscribe = (source: LiveSource) =>
      Effect.sync(() => {
        source.readers--
        becameIdle(source)
      })

    const subscribe = ({ request }: Permit<"play">) =>
      held(
        Effect.sync(() => {
          const source = obtain(request.stream)
          source.readers++
          return source
        }),
        unsubscribe
      )

    const onSource = (name: string, attach: Attach, weight: "optional" | "required") => {
      const subsystem = { name, attach, weight }
      return Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => subsystems.add(subsystem)),
          () => Effect.sync(() => subsystems.delete(subsystem))
        )
      )
    }

    const tellOverflows = (source: LiveSource): Effect.Effect<void> => {
      const { overflows } = source.log
      const news = overflows - source.overflowsTold
      if (news === 0) return Effect.void
      source.overflowsTold = overflows
      return Effect.logWarning("group of pictures too large to keep for newcomers").pipe(
        Effect.annotateLogs({ "stream.name": source.key, "gop.overflows": news })
      )
    }

    const cleanUp = Effect.gen(function* () {
      while (true) {
        yield* Effect.sleep(idleMillis)
        const now = monotonicMillis(clock)
        for (const [key, source] of sources) {
          const idle = source.readers === 0 && source.publishScope === undefined && source.slot === undefined
          if (idle && now - source.idleSince >= idleMillis) sources.delete(key)
          yield* tellOverflows(source)
        }
      }
    })
    yield* background("source clean-up", { fatal: true })(cleanUp)

    yield* settings.onChange(() =>
      Effect.sync(() => {
        for (const { log, name } of sources.values()) log.retain(gopCache.retain(name.vhost))
      })
    )

    return SourceRegistry.of({
      publish,
      subscribe,
      onSource,
      find: (key) => sources.get(key),
      all: () => sources.values()
    })
  })
)
