/** The streams of one RTMP connection: each publish and each play has a scope of its own, ended by the client's word. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { DialogueEvent } from "../../domain/rtmp/CommandDialogue.ts"
import { maxPlaces } from "../../domain/rtmp/RtmpFormat.ts"
import type { Viewer } from "../../services/Playback.ts"
import type { Inbound } from "./Inbound.ts"
import { startPlay } from "./playing.ts"
import { startPublish } from "./publishing.ts"
import type { RtmpConnection } from "./RtmpConnection.ts"

/** A client that publishes or plays nothing now is closed after this long (SRS). */
export const idleStreamMillis = 180_000

interface Activity {
  readonly scope: Scope.Closeable
  readonly viewer?: Viewer
  readonly place?: number
}

type Begin = Extract<DialogueEvent, { readonly kind: "publish" | "play" }>

/** Carries events of the dialogue out, for as long as the scope lives. */
export const makeStreams = Effect.fnUntraced(function* (connection: RtmpConnection, inbound: Inbound) {
  const sessionScope = yield* Effect.scope
  const activities = new Map<number, Activity>()

  const freePlace = (): number => {
    const taken = new Set([...activities.values()].map(({ place }) => place))
    let place = 0
    while (taken.has(place)) place++
    return place % maxPlaces
  }

  const start = Effect.fnUntraced(function* (event: Begin, scope: Scope.Closeable) {
    if (event.kind === "publish") {
      inbound.begin(event.streamId, yield* startPublish(connection, event))
      return { scope }
    }
    const place = freePlace()
    return { scope, place, viewer: yield* startPlay(connection, event, place) }
  })

  /** Who publishes is watched from there on; who plays need not send anything. */
  const watch = Effect.suspend(() => {
    if (activities.size === 0) return connection.watchdog.expect("publish or play", idleStreamMillis)
    const isPublishing = [...activities.values()].some(({ viewer }) => viewer === undefined)
    return isPublishing ? Effect.void : connection.watchdog.expect("", Infinity)
  })

  const begin = Effect.fnUntraced(function* (event: Begin) {
    const scope = yield* Scope.fork(sessionScope)
    activities.set(event.streamId, yield* Scope.provide(start(event, scope), scope))
    yield* watch
  })

  const end = Effect.fnUntraced(function* (streamId: number) {
    const activity = activities.get(streamId)
    if (activity === undefined) return
    activities.delete(streamId)
    inbound.end(streamId)
    connection.connection.mergedRead(0)
    yield* Scope.close(activity.scope, Exit.void)
    if (activities.size === 0) connection.session.role = ""
    yield* watch
  })

  return (event: DialogueEvent) => {
    const viewer = activities.get(event.streamId)?.viewer
    switch (event.kind) {
      case "publish":
      case "play":
        return begin(event)
      case "unpublish":
      case "stop":
        return end(event.streamId)
      case "pause":
        return Effect.sync(() => (event.paused ? viewer?.pause() : viewer?.resume()))
      case "seek":
        return Effect.void
    }
  }
})
