/** A fiber for each viewer of segments, which sleeps until nothing was asked for long enough. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Authorizer, type Refused } from "../../services/Authorizer.ts"
import { type SegmentViewer, type SegmentViewerRequest, SegmentViewers } from "../../services/SegmentViewers.ts"
import { Sessions, type TooManyConnections } from "../../services/Sessions.ts"
import { identifyClient, runClient } from "../telemetry/client.ts"

/** Kicked viewers that are remembered, so that they do not come back by the same list. */
export const maxKicked = 4096

export const layer = Layer.effect(
  SegmentViewers,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const authorizer = yield* Authorizer
    const scope = yield* Effect.scope
    const viewers = new Map<string, SegmentViewer>()
    const kicked = new Set<string>()

    const remember = (id: string): void => {
      kicked.add(id)
      if (kicked.size > maxKicked) kicked.delete(kicked.values().next().value ?? "")
    }

    /** Ends when nothing was asked for long enough. */
    const untilSilent = Effect.fnUntraced(function* (viewer: SegmentViewer, expiryMillis: () => number) {
      while (true) {
        const left = viewer.lastRequestAt + expiryMillis() - (yield* Clock.currentTimeMillis)
        if (left <= 0) return
        yield* Effect.sleep(left)
      }
    })

    const enter = Effect.fnUntraced(function* (request: SegmentViewerRequest) {
      const { address, clientType, expiryMillis, protocol, stream } = request
      const entered = Deferred.makeUnsafe<SegmentViewer, Refused | TooManyConnections>()
      let viewer: SegmentViewer | undefined
      const client = { peer: address, bytesIn: () => 0, bytesOut: () => viewer?.bytes ?? 0 }
      const run = runClient(sessions, protocol, client, (session) =>
        Effect.gen(function* () {
          const access = { session, ...request }
          yield* identifyClient(access, "play", clientType)
          yield* Effect.withSpan(authorizer.play(access), "Authorizer.play")
          const now = yield* Clock.currentTimeMillis
          const made: SegmentViewer = { session, stream, lastRequestAt: now, bytes: 0, requests: 0 }
          viewer = made
          yield* Effect.acquireRelease(
            Effect.sync(() => viewers.set(session.id, made)),
            () =>
              Effect.sync(() => {
                viewers.delete(session.id)
                if (Deferred.isDoneUnsafe(session.kicked)) remember(session.id)
              })
          )
          yield* Deferred.succeed(entered, made)
          yield* untilSilent(made, expiryMillis)
        }).pipe(
          Effect.tapCause((cause) =>
            Cause.hasInterruptsOnly(cause) ? Effect.void : Deferred.failCause(entered, cause)
          )
        )
      )
      yield* Effect.forkIn(
        run.pipe(
          Effect.catch((error) => Deferred.fail(entered, error)),
          Effect.ensuring(Deferred.interrupt(entered))
        ),
        scope
      )
      return yield* Deferred.await(entered)
    })

    return SegmentViewers.of({ find: (id) => viewers.get(id), wasKicked: (id) => kicked.has(id), enter })
  })
)
