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
  readonly streamId: number
  readonly scope: Scope.Closeable
  readonly viewer?: Viewer
  readonly place?: number
}

type Begin = Extract<DialogueEvent, { readonly kind: "publish" | "play" }>

/** Carries events of the dialogue out, for as long as the session's scope lives. */
export class Streams {
  readonly #connection: RtmpConnection
  readonly #inbound: Inbound
  #activities: ReadonlyArray<Activity> = []

  constructor(connection: RtmpConnection, inbound: Inbound) {
    this.#connection = connection
    this.#inbound = inbound
  }

  /** Something is published or played. */
  get areActive(): boolean {
    return this.#activities.length > 0
  }

  carryOut(event: DialogueEvent) {
    const viewer = this.#activity(event.streamId)?.viewer
    switch (event.kind) {
      case "publish":
      case "play":
        return this.#begin(event)
      case "unpublish":
      case "stop":
        return this.#end(event.streamId)
      case "pause":
        return Effect.sync(() => (event.paused ? viewer?.pause() : viewer?.resume()))
      case "seek":
        return Effect.void
    }
  }

  #activity(streamId: number): Activity | undefined {
    return this.#activities.find((activity) => activity.streamId === streamId)
  }

  #without(streamId: number): ReadonlyArray<Activity> {
    return this.#activities.filter((activity) => activity.streamId !== streamId)
  }

  #begin(event: Begin) {
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const activity = yield* Scope.provide(this.#start(event, scope), scope)
      this.#activities = [...this.#without(event.streamId), activity]
      yield* this.#watch()
    })
  }

  #start(event: Begin, scope: Scope.Closeable) {
    return Effect.gen({ self: this }, function* () {
      const { streamId } = event
      if (event.kind === "publish") {
        this.#inbound.begin(streamId, yield* startPublish(this.#connection, event))
        return { streamId, scope }
      }
      const place = this.#freePlace()
      return { streamId, scope, place, viewer: yield* startPlay(this.#connection, event, place) }
    })
  }

  #end(streamId: number) {
    return Effect.gen({ self: this }, function* () {
      const activity = this.#activity(streamId)
      if (activity === undefined) return
      this.#activities = this.#without(streamId)
      this.#inbound.end(streamId)
      this.#connection.connection.mergedRead(0)
      yield* Scope.close(activity.scope, Exit.void)
      if (this.#activities.length === 0) this.#connection.session.role = ""
      yield* this.#watch()
    })
  }

  /** Who publishes is watched from there on; who plays need not send anything. */
  #watch(): Effect.Effect<void> {
    const { watchdog } = this.#connection
    if (this.#activities.length === 0) return watchdog.expect("publish or play", idleStreamMillis)
    const isPublishing = this.#activities.some(({ viewer }) => viewer === undefined)
    return isPublishing ? Effect.void : watchdog.expect("", Infinity)
  }

  #freePlace(): number {
    const taken = new Set(this.#activities.map(({ place }) => place))
    let place = 0
    while (taken.has(place)) place++
    return place % maxPlaces
  }
}
