/** The streams of one RTMP connection: each publish and each play has a scope of its own, ended by the client's word. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { DialogueEvent } from "../../domain/rtmp/CommandDialogue.ts"
import { maxPlaces } from "../../domain/rtmp/RtmpFormat.ts"
import type { Viewer } from "../../services/Playback.ts"
import { spanSince } from "../telemetry/held.ts"
import type { Part } from "../telemetry/session.ts"
import { startPlay } from "./playing.ts"
import { startPublish } from "./publishing.ts"
import type { RtmpConnection } from "./RtmpConnection.ts"

/** A client that publishes or plays nothing now is closed after this long (SRS). */
export const idleStreamMillis = 180_000

/** A publish, or a play at its place. */
class Activity {
  readonly streamId: number
  readonly place: number | undefined
  readonly scope = Scope.makeUnsafe()
  viewer: Viewer | undefined
  /** When it was permitted, Clock's nanoseconds: the beginning of its span. */
  permittedAt: bigint | undefined

  constructor(streamId: number, place?: number) {
    this.streamId = streamId
    this.place = place
  }

  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const released = Scope.close(this.scope, exit)
    if (this.permittedAt === undefined) return released
    const name = this.place === undefined ? "rtmp.publish" : "rtmp.play"
    return Effect.ensuring(released, spanSince(name, this.permittedAt, exit))
  }
}

type Begin = Extract<DialogueEvent, { readonly kind: "publish" | "play" }>

/** Carries events of the dialogue out, until the session ends, and has the watchdog expect what must follow. */
export class Streams implements Part {
  readonly #connection: RtmpConnection
  #activities: ReadonlyArray<Activity> = []

  constructor(connection: RtmpConnection) {
    this.#connection = connection
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

  /** It counts from here on: if it cannot be started, the session ends, and this with it. */
  #begin(event: Begin) {
    return Effect.gen({ self: this }, function* () {
      const activity = new Activity(event.streamId, event.kind === "play" ? this.#freePlace() : undefined)
      this.#activities = [...this.#activities, activity]
      yield* Scope.provide(this.#start(event, activity), activity.scope)
      this.#watch()
    })
  }

  #start(event: Begin, activity: Activity) {
    return Effect.gen({ self: this }, function* () {
      const clock = yield* Clock.Clock
      const onPermit = () => {
        activity.permittedAt = clock.currentTimeNanosUnsafe()
      }
      if (event.kind === "publish") {
        this.#connection.inbound.begin(event.streamId, yield* startPublish(this.#connection, event, onPermit))
      } else {
        activity.viewer = yield* startPlay(this.#connection, event, activity.place ?? 0, onPermit)
      }
    })
  }

  #end(streamId: number) {
    return Effect.gen({ self: this }, function* () {
      const activity = this.#activity(streamId)
      if (activity === undefined) return
      this.#activities = this.#without(streamId)
      this.#connection.inbound.end(streamId)
      this.#connection.connection.mergedRead(0)
      yield* activity.end(Exit.void)
      if (this.#activities.length === 0) this.#connection.session.role = ""
      this.#watch()
    })
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
