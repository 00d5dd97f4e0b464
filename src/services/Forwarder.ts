/** Copies of published streams, pushed to other RTMP and RTMPS servers. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StreamName } from "../domain/media/StreamName.ts"

export const forwardStates = [
  /** The stream is not published. */
  "idle",
  /** Dialling, or waiting for consent. */
  "connecting",
  "forwarding",
  /** Until it is tried again. */
  "waiting",
  /** Until the stream is published again: a URL that is none, or this server itself. */
  "refused"
] as const

export type ForwardState = (typeof forwardStates)[number]

/** Who asked for it. */
export type ForwardOrigin = "config" | "backend" | "api"

/** One stream on its way to one destination. */
export interface Forward {
  readonly id: string
  readonly origin: ForwardOrigin
  /** Key of the source. */
  readonly stream: string
  /** The whole URL, without password. */
  readonly url: string
  readonly state: ForwardState
  /** How often it was dialled, and how often the destination has accepted the stream. */
  readonly attempts: number
  readonly connects: number
  readonly bytesOut: number
  readonly framesOut: number
  /** Frames that a slow destination lost, and how often it lost whole groups of pictures. */
  readonly framesDropped: number
  readonly jumps: number
  /** The last thing that went wrong; empty if nothing has. */
  readonly lastError: string
}

/** A destination that is none, or one too many. */
export class ForwardRefused extends Schema.TaggedError<ForwardRefused>()("ForwardRefused", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export class Forwarder extends Context.Service<
  Forwarder,
  {
    /** Those of all streams that are published now, and those that were added. */
    readonly all: () => ReadonlyArray<Forward>
    /**
     * Pushes a stream whenever it is published, until it is removed or the process ends. The destination is a URL as in
     * the configuration, with its variables.
     */
    readonly add: (stream: StreamName, destination: string) => Effect.Effect<Forward, ForwardRefused>
    /**
     * Ends one, and leaves the others alone. One that nobody has added is begun again when its stream is published again.
     * False if there is none with this id.
     */
    readonly remove: (id: string) => Effect.Effect<boolean>
  }
>()("sluice/services/Forwarder") {}
