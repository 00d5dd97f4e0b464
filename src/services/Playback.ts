/** A viewer of any source, over any byte stream: joins, follows, falls behind, pauses, ends. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { StartPolicy } from "../domain/media/Cursor.ts"
import type { Format } from "../domain/media/Format.ts"
import type { Permit } from "./Authorizer.ts"
import type { Session } from "./Sessions.ts"
import type { Source } from "./SourceRegistry.ts"
import type { DrainListener } from "./Transport.ts"

/** No byte was accepted for `stallMillis`. */
export class ViewerStalled extends Schema.TaggedError<ViewerStalled>()("ViewerStalled", { stallMillis: Schema.Int }) {
  override get message() {
    return `no byte accepted for ${this.stallMillis} ms`
  }
}

/** The source has no publisher any more, and this viewer asked to end then. */
export class StreamEnded extends Schema.TaggedError<StreamEnded>()("StreamEnded", { stream: Schema.String }) {
  override get message() {
    return `stream ${this.stream} was unpublished`
  }
}

/** Our own bug: encoding or handing over what this viewer should get has thrown. It ends, the others go on. */
export class ViewerFailed extends Schema.TaggedError<ViewerFailed>()("ViewerFailed", { defect: Schema.Unknown }) {
  override get message() {
    return `delivery failed: ${String(this.defect)}`
  }
}

/** Why a viewer must end. */
export type ViewerEnd = ViewerStalled | StreamEnded | ViewerFailed

/** Where a viewer's bytes go: a connection, a WebSocket, a response. All calls are plain. */
export interface Sink {
  /** Takes the bytes over; they never change. */
  readonly write: (bytes: Uint8Array) => void
  readonly queuedBytes: () => number
  /** Registers the one listener that is told when `queuedBytes` has fallen to 0. */
  readonly onDrain: (listener: DrainListener) => void
}

/** Who has a viewer. */
export interface ViewerOwner {
  /** A plain call on somebody else's stack. */
  readonly fail: (error: ViewerEnd) => void
}

export interface ViewOptions {
  readonly format: Format
  readonly sink: Sink
  readonly session: Session
  /** Where it enters, if not where the vhost says; viewers of one format enter in order. */
  readonly start?: StartPolicy
  /** End the viewer when the publisher leaves (HTTP), or keep it waiting (RTMP). */
  readonly endWithPublisher: boolean
  /** Told that the viewer must end: it closes the scope. */
  readonly owner?: ViewerOwner
}

export interface Viewer {
  readonly source: Source
  /** Stops delivery; the place in the stream is not kept. */
  readonly pause: () => void
  /** Goes on at the newest keyframe, with the headers in force there. */
  readonly resume: () => void
}

export class Playback extends Context.Service<
  Playback,
  {
    /** Delivers to the sink until the scope closes. */
    readonly view: (permit: Permit<"play">, options: ViewOptions) => Effect.Effect<Viewer, never, Scope.Scope>
  }
>()("sluice/services/Playback") {}
