/** A fiber for each viewer of segments, which sleeps until nothing was asked for long enough. */
import { createHash } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type StreamName, streamKey } from "../../domain/media/StreamName.ts"
import { type SegmentViewer, type SegmentViewerRequest, SegmentViewers } from "../../services/SegmentViewers.ts"
import { PlayerReports } from "../../domain/stats/PlayerReports.ts"
import { Authorizer, type Refused } from "../../services/Authorizer.ts"
import { SessionKicked, Sessions, type TooManyConnections } from "../../services/Sessions.ts"
import { identifyClient, runClient } from "../telemetry/client.ts"

/** Kicked viewers that are remembered, so that they do not come back by the same list. */
export const maxKicked = 4096
/** Refusals that are remembered, and for how long: a player that goes on asking is not asked for each time. */
export const maxRefusals = 4096
export const refusalMillis = 10_000

type Entered = Deferred.Deferred<SegmentViewer, Refused | TooManyConnections>

interface Refusal {
  readonly error: Refused | SessionKicked
  /** Clock, milliseconds. */
  readonly until: number
}

/** The newest `size` entries. */
const bounded = <K, V>(entries: Map<K, V>, size: number): void => {
  if (entries.size > size) entries.delete(entries.keys().next().value as K)
}

/** Who asks, as far as a request tells that names no session. Tokens and passwords are not kept. */
const identityOf = ({ address, authorization = "", param, protocol, stream }: SegmentViewerRequest): string => {
  const facts = [protocol, address, streamKey(stream), param, authorization]
  return createHash("sha256").update(JSON.stringify(facts)).digest("base64")
}

const placeKey = (address: string, stream: StreamName): string => `${address}\0${streamKey(stream)}`

export const layer = Layer.effect(
  SegmentViewers,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const authorizer = yield* Authorizer
    const scope = yield* Effect.scope
    const viewers = new Map<string, SegmentViewer>()
    const kicked = new Set<string>()
    /** By address and stream. */
    const places = new Map<string, Set<SegmentViewer>>()
    /** By identity: those let in or being asked for. */
    const admitted = new Map<string, Entered>()
    const refusals = new Map<string, Refusal>()

    const settle = (viewer: SegmentViewer): void => {
      const { session, stream } = viewer
      viewers.set(session.id, viewer)
      const key = placeKey(session.address, stream)
      const here = places.get(key) ?? new Set()
      places.set(key, here.add(viewer))
    }

    const leave = (viewer: SegmentViewer): void => {
      const { session, stream } = viewer
      viewers.delete(session.id)
      const key = placeKey(session.address, stream)
      const here = places.get(key)
      here?.delete(viewer)
      if (here?.size === 0) places.delete(key)
      if (session.kicked === undefined) return
      kicked.add(session.id)
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

    /** Runs the session on its own; `entered` is done when it is let in, or not. */
    const begin = (request: SegmentViewerRequest, entered: Entered, after: Effect.Effect<void>) => {
      const { address, clientType, expiryMillis, protocol, stream } = request
      let viewer: SegmentViewer | undefined
      const peer = address.includes(":") ? `[${address}]` : address
      const client = { peer, bytesIn: () => 0, bytesOut: () => viewer?.bytes ?? 0 }
      const run = runClient(sessions, protocol, client, (session) =>
        Effect.gen(function* () {
          const access = { session, ...request }
          yield* identifyClient(access, "play", clientType)
          yield* Effect.withSpan(authorizer.play(access), "Authorizer.play")
          const now = yield* Clock.currentTimeMillis
          const made: SegmentViewer = { session, stream, lastRequestAt: now, bytes: 0, requests: 0 }
          viewer = made
          session.player = new PlayerReports()
          yield* Effect.acquireRelease(
            Effect.sync(() => settle(made)),
            () => Effect.sync(() => leave(made))
          )
          yield* Deferred.succeed(entered, made)
          yield* untilSilent(made, expiryMillis)
        }).pipe(
          Effect.tapCause((cause) =>
            Cause.hasInterruptsOnly(cause) ? Effect.void : Deferred.failCause(entered, cause)
          )
        )
      )
      return run.pipe(
        Effect.catch((error) => Deferred.fail(entered, error)),
        Effect.ensuring(Deferred.interrupt(entered)),
        Effect.ensuring(after),
        Effect.forkIn(scope)
      )
    }

    const refuse = (identity: string, error: Refusal["error"], millis: number) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        refusals.delete(identity)
        refusals.set(identity, { error, until: now + millis })
        bounded(refusals, maxRefusals)
      })

    /** The session of an identity is over: it is asked for again, unless somebody ended it. */
    const forget = (identity: string, entered: Entered, { expiryMillis }: SegmentViewerRequest) =>
      Effect.gen(function* () {
        admitted.delete(identity)
        const viewer = yield* Effect.exit(Deferred.await(entered))
        if (viewer._tag === "Success") {
          if (viewer.value.session.kicked === undefined) return
          return yield* refuse(identity, new SessionKicked({ reason: "kicked" }), expiryMillis())
        }
        const error = Cause.squash(viewer.cause)
        if (isRefused(error)) yield* refuse(identity, error, refusalMillis)
      })

    const enter = Effect.fnUntraced(function* (request: SegmentViewerRequest) {
      const entered: Entered = Deferred.makeUnsafe()
      yield* begin(request, entered, Effect.void)
      return yield* Deferred.await(entered)
    })

    const admit = Effect.fnUntraced(function* (request: SegmentViewerRequest) {
      const identity = identityOf(request)
      const refusal = refusals.get(identity)
      if (refusal !== undefined && refusal.until > (yield* Clock.currentTimeMillis)) return yield* refusal.error
      // In one step: two requests at once are one viewer.
      const known = admitted.get(identity)
      if (known !== undefined) return yield* Deferred.await(known)
      const entered: Entered = Deferred.makeUnsafe()
      admitted.set(identity, entered)
      yield* begin(request, entered, forget(identity, entered, request))
      return yield* Deferred.await(entered)
    })

    return SegmentViewers.of({
      find: (id) => viewers.get(id),
      wasKicked: (id) => kicked.has(id),
      at: (address, stream) => places.get(placeKey(address, stream))?.values().next().value,
      enter,
      admit
    })
  })
)

const isRefused = (error: unknown): error is Refused =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "Refused"
