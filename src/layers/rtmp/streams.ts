/** The streams of one RTMP connection: each publish and each play has a scope of its own, ended by the client's word. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { DialogueEvent } from "../../domain/rtmp/CommandDialogue.ts"
import { maxPlaces } from "../../domain/rtmp/RtmpFormat.ts"
import type { DrainListener } from "../../services/Transport.ts"
import type { Part } from "../telemetry/session.ts"
import { Activity } from "./Activity.ts"
import { startPlay } from "./playing.ts"
import { startPublish } from "./publishing.ts"
import type { RtmpConnection } from "./RtmpConnection.ts"

/** A client that publishes or plays nothing now is closed after this long (SRS). */
export const idleStreamMillis = 180_000

type Begin = Extract<DialogueEvent, { readonly kind: "publish" | "play" }>

/** Carries events of the dialogue out, until the session ends, and has the watchdog expect what must follow. */
export class Streams implements Part, DrainListener {
  readonly #connection: RtmpConnection
  #activities: ReadonlyArray<Activity> = []

  constructor(connection: RtmpConnection) {
    this.#connection = connection
    connection.connection.onDrain(this)
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

  /** Of the connection. */
  drained(): void {
    for (const activity of this.#activities) activity.drained()
  }

  #activity(streamId: number): Activity | undefined {
    return this.#activities.find((activity) => activity.streamId === streamId)
  }

  #without(streamId: number): ReadonlyArray<Activity> {
    return this.#activities.filter((activity) => activity.streamId !== streamId)
  }

  /** It counts from here on: if it cannot be started, the session ends, and this with it. */
  #begin(event: Begin) {
    const place = event.kind === "play" ? this.#freePlace() : undefined
    const activity = new Activity(this.#connection.connection, event.streamId, place)
    this.#activities = [...this.#activities, activity]
    return Effect.map(Scope.provide(this.#start(event, activity), activity.scope), () => this.#watch())
  }

  #start(event: Begin, activity: Activity) {
    const connection = this.#connection
    return event.kind === "play"
      ? startPlay(connection, event, activity)
      : Effect.map(startPublish(connection, event, activity), (publishing) =>
          connection.inbound.begin(event.streamId, publishing)
        )
  }

  /** Not to be interrupted: what is no longer in the list is ended by nobody else. */
  #end(streamId: number) {
    const ending = Effect.gen({ self: this }, function* () {
      const activity = this.#activity(streamId)
      if (activity === undefined) return
      this.#activities = this.#without(streamId)
      this.#connection.inbound.end(streamId)
      this.#connection.connection.mergedRead(0)
      yield* activity.end(Exit.void)
      if (this.#activities.length === 0) this.#connection.session.role = ""
      this.#watch()
    })
    return Effect.uninterruptible(ending)
  }

  /** Of the session. */
  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    this.#connection.watchdog.rest()
    return this.#activities.reduce((ended, activity) => Effect.ensuring(ended, activity.end(exit)), Effect.void)
  }

  /** Who publishes is watched from there on; who plays need not send anything. */
  #watch(): void {
    const { watchdog } = this.#connection
    if (this.#activities.length === 0) watchdog.expect("publish or play", idleStreamMillis)
    else if (this.#activities.every(({ place }) => place !== undefined)) watchdog.rest()
  }

  #freePlace(): number {
    const taken = new Set(this.#activities.map(({ place }) => place))
    let place = 0
    while (taken.has(place)) place++
    return place % maxPlaces
  }
}
