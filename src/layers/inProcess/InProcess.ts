/** Publishers and readers of frames within this process: sessions like those of any protocol, held by the caller's scope. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { FrameCursor } from "../../domain/media/FrameCursor.ts"
import type { MediaFrame } from "../../domain/media/MediaFrame.ts"
import { defaultVhost, streamKey, type StreamName } from "../../domain/media/StreamName.ts"
import { Authorizer, Refused } from "../../services/Authorizer.ts"
import { GopCache } from "../../services/GopCache.ts"
import { InProcess, type Target } from "../../services/InProcess.ts"
import { type Session, type SessionKicked, Sessions, type TooManyConnections } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry, type TakenOver } from "../../services/SourceRegistry.ts"
import { identifyClient, runClient } from "../telemetry/client.ts"
import type { CurrentSession } from "../telemetry/session.ts"

const protocol = "process"

/** The client of every session here: nothing comes over a network. */
const here = { peer: "127.0.0.1", bytesIn: () => 0, bytesOut: () => 0 }

type NonEmpty<A> = readonly [A, ...Array<A>]

const isNonEmpty = <A>(items: ReadonlyArray<A>): items is NonEmpty<A> => items.length > 0

const parse = (target: Target): { readonly name: StreamName; readonly param: string } => {
  if (typeof target !== "string") return { name: target, param: "" }
  const query = target.indexOf("?")
  const path = query < 0 ? target : target.slice(0, query)
  const slash = path.lastIndexOf("/")
  const name = { vhost: defaultVhost, app: path.slice(0, Math.max(0, slash)), stream: path.slice(slash + 1) }
  return { name, param: query < 0 ? "" : target.slice(query) }
}

/** What a session has opened, and what ends it but the caller. */
interface Opened<A, E> {
  readonly value: A
  readonly lasts: Effect.Effect<never, E>
}

export const layer = Layer.effect(
  InProcess,
  Effect.gen(function* () {
    const settings = yield* Settings
    const sessions = yield* Sessions
    const authorizer = yield* Authorizer
    const registry = yield* SourceRegistry
    const gopCache = yield* GopCache
    const layerScope = yield* Effect.scope

    const requestOf = Effect.fnUntraced(function* (session: Session, target: Target, action: "publish" | "play") {
      const { name, param } = parse(target)
      const vhost = settings.vhost(name.vhost)
      if (vhost === undefined) {
        const reason = `no vhost ${name.vhost}, and no default vhost`
        return yield* new Refused({ action, stream: streamKey(name), reason, code: srsErrors.NoVhost })
      }
      const request = { session, stream: { ...name, vhost: vhost.name }, param, tcUrl: "", pageUrl: "" }
      yield* identifyClient(request, action, `${protocol}-${action}`)
      return request
    })

    /** Opens a session that lasts until the caller's scope closes, unless something else ends it. */
    const hold = Effect.fnUntraced(function* <A, E, X>(
      open: (session: Session) => Effect.Effect<Opened<A, X>, E, Scope.Scope | CurrentSession>
    ) {
      const opened = Deferred.makeUnsafe<A, E | X | TooManyConnections | SessionKicked>()
      const left = Deferred.makeUnsafe<void>()
      const run = runClient(sessions, protocol, here, (session) =>
        open(session).pipe(
          Effect.tap(({ value }) => Deferred.succeed(opened, value)),
          Effect.flatMap(({ lasts }) => Effect.raceFirst(Deferred.await(left), lasts)),
          Effect.onExit((exit) => {
            if (session.kicked !== undefined) return Deferred.fail(opened, session.kicked)
            return Exit.isFailure(exit) ? Deferred.failCause(opened, exit.cause) : Effect.void
          })
        )
      )
      yield* Effect.acquireRelease(
        Effect.forkIn(
          Effect.tapError(run, (error) => Deferred.fail(opened, error)),
          layerScope
        ),
        (fiber) => Effect.andThen(Deferred.succeed(left, undefined), Fiber.await(fiber))
      )
      return yield* Deferred.await(opened)
    })

    const openPublisher = Effect.fnUntraced(function* (session: Session, target: Target) {
      const request = yield* requestOf(session, target, "publish")
      const permit = yield* Effect.withSpan(authorizer.publish(request), "Authorizer.publish")
      const ended = Deferred.makeUnsafe<never, TakenOver | SessionKicked>()
      const onTakenOver = (error: TakenOver) => Deferred.doneUnsafe(ended, Effect.fail(error))
      yield* Effect.addFinalizer(() =>
        session.kicked === undefined ? Effect.void : Deferred.fail(ended, session.kicked)
      )
      const { append, flush } = yield* registry.publish(permit, onTakenOver)
      const send = (...frames: ReadonlyArray<MediaFrame>): void => {
        session.counters.framesIn += frames.length
        for (const frame of frames) append(frame)
        flush()
      }
      const lasts = Deferred.await(ended)
      return { value: { send, ended: lasts }, lasts }
    })

    const openReader = Effect.fnUntraced(function* (session: Session, target: Target) {
      const request = yield* requestOf(session, target, "play")
      const permit = yield* Effect.withSpan(authorizer.play(request), "Authorizer.play")
      const source = yield* registry.subscribe(permit)
      const { log } = source
      const cursor = new FrameCursor(log, gopCache.start(request.stream.vhost))
      const news = Latch.makeUnsafe(true)
      let isOver = false
      const end = () => {
        isOver = true
        news.openUnsafe()
      }
      log.addReader(cursor)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          log.removeReader(cursor)
          end()
        })
      )
      yield* source.observe({ appended: () => news.openUnsafe(), unpublished: end })
      const take = () => {
        const frames = cursor.take()
        const { counters } = session
        counters.framesOut += frames.length
        counters.framesDropped = cursor.framesDropped
        counters.jumps = cursor.jumps
        return frames
      }
      const pull: Pull.Pull<NonEmpty<MediaFrame>, SessionKicked> = Effect.gen(function* () {
        while (true) {
          news.closeUnsafe()
          const frames = take()
          if (isNonEmpty(frames)) return frames
          if (session.kicked !== undefined) return yield* session.kicked
          if (isOver) return yield* Cause.done()
          yield* news.await
          // The publisher's stack, on which the latch was opened, goes on first.
          yield* Effect.yieldNow
        }
      })
      return { value: pull, lasts: Effect.never }
    })

    return InProcess.of({
      publish: (target) => hold((session) => openPublisher(session, target)),
      subscribe: (target) =>
        Stream.unwrap(
          Effect.map(
            hold((session) => openReader(session, target)),
            (pull) => Stream.fromPull(Effect.succeed(pull))
          )
        )
    })
  })
)
