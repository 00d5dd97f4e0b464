/** Viewers of HLS: a session each, from the first list they ask for until they ask no more. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StreamName } from "../../domain/media/StreamName.ts"
import { Authorizer, type Refused } from "../../services/Authorizer.ts"
import { type Session, Sessions, type TooManyConnections } from "../../services/Sessions.ts"
import { identifyClient, runClient } from "../telemetry/client.ts"

/** Kicked viewers that are remembered, so that they do not come back by the same list. */
export const maxKicked = 4096

export interface Viewer {
  readonly session: Session
  readonly stream: StreamName
  /** Clock of the last request, milliseconds. */
  lastRequestAt: number
  /** Answered so far. */
  bytes: number
  requests: number
}

export interface ViewerRequest {
  readonly address: string
  readonly stream: StreamName
  /** Query of the request with its leading `?`, or empty. */
  readonly param: string
  readonly tcUrl: string
  readonly pageUrl: string
  /** The header field, if there is one. */
  readonly authorization: string | undefined
  /** Without a request for so long it has left; asked anew each time. */
  readonly expiryMillis: () => number
}

export interface Viewers {
  /** Only those who were let in. */
  readonly find: (id: string) => Viewer | undefined
  readonly wasKicked: (id: string) => boolean
  /** A new viewer, once it is let in. */
  readonly enter: (request: ViewerRequest) => Effect.Effect<Viewer, Refused | TooManyConnections>
}

export const makeViewers: Effect.Effect<Viewers, never, Sessions | Authorizer | Scope.Scope> = Effect.gen(function* () {
  const sessions = yield* Sessions
  const authorizer = yield* Authorizer
  const scope = yield* Effect.scope
  const viewers = new Map<string, Viewer>()
  const kicked = new Set<string>()

  const remember = (id: string): void => {
    kicked.add(id)
    if (kicked.size > maxKicked) kicked.delete(kicked.values().next().value ?? "")
  }

  /** Ends when nothing was asked for long enough. */
  const untilSilent = Effect.fnUntraced(function* (viewer: Viewer, expiryMillis: () => number) {
    while (true) {
      const left = viewer.lastRequestAt + expiryMillis() - (yield* Clock.currentTimeMillis)
      if (left <= 0) return
      yield* Effect.sleep(left)
    }
  })

  const enter = Effect.fnUntraced(function* (request: ViewerRequest) {
    const { address, expiryMillis, stream } = request
    const entered = Deferred.makeUnsafe<Viewer, Refused | TooManyConnections>()
    let viewer: Viewer | undefined
    const client = { peer: address, bytesIn: () => 0, bytesOut: () => viewer?.bytes ?? 0 }
    const run = runClient(sessions, "hls", client, (session) =>
      Effect.gen(function* () {
        const access = { session, ...request }
        yield* identifyClient(access, "play", "hls-play")
        yield* Effect.withSpan(authorizer.play(access), "Authorizer.play")
        const now = yield* Clock.currentTimeMillis
        const made: Viewer = { session, stream, lastRequestAt: now, bytes: 0, requests: 0 }
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
        Effect.tapCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.void : Deferred.failCause(entered, cause)))
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

  return { find: (id) => viewers.get(id), wasKicked: (id) => kicked.has(id), enter }
})
