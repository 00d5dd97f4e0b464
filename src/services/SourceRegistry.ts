/** Live sources by stream name: one publisher each, any number of readers. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { MediaFrame } from "../domain/media/MediaFrame.ts"
import type { SourceLog } from "../domain/media/SourceLog.ts"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { Permit } from "./Authorizer.ts"

export class StreamBusy extends Schema.TaggedError<StreamBusy>()("StreamBusy", { stream: Schema.String }) {
  /** SRS's error number. */
  readonly code = 1028
  override get message() {
    return `stream ${this.stream} already has a publisher`
  }
}

/** A subsystem that must follow the stream could not start (`onSource`, `required`). */
export class SourceRefused extends Schema.TaggedError<SourceRefused>()("SourceRefused", {
  stream: Schema.String,
  subsystem: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `stream ${this.stream} refused by ${this.subsystem}: ${this.reason}`
  }
}

/** Another publisher took the stream over. */
export class TakenOver extends Schema.TaggedError<TakenOver>()("TakenOver", {
  stream: Schema.String,
  by: Schema.String
}) {
  override get message() {
    return `stream ${this.stream} was taken over by session ${this.by}`
  }
}

/** What a reader of the log learns besides the frames. Plain calls on the publisher's stack: be quick, never throw. */
export interface SourceObserver {
  /** Frames were appended: once per read of the publisher, not per frame. */
  readonly appended?: () => void
  readonly published?: () => void
  /** The publisher came back or was replaced within its grace period: new headers, new GOP, times go on. */
  readonly discontinuity?: () => void
  readonly unpublished?: () => void
}

export interface Source {
  readonly name: StreamName
  readonly key: string
  readonly log: SourceLog
  /** The session that publishes, or undefined. */
  readonly publisher: () => { readonly sessionId: string; readonly param: string } | undefined
  readonly observe: (observer: SourceObserver) => Effect.Effect<void, never, Scope.Scope>
  /** Somebody reads it (`subscribe`): viewers, of whatever protocol. */
  readonly isRead: () => boolean
  /** A publisher's metadata has said that its times are absolute (`atc_auto`): viewers get them as with `atc on`. */
  readonly absoluteTimes: () => boolean
}

/** The publisher's end. Both calls are plain: the frame path has no Effect in it. */
export interface Publication {
  readonly source: Source
  /** Takes the frame; its times are repaired here. */
  readonly append: (frame: MediaFrame) => void
  /** A frame may wait for others before it is in the log. */
  readonly delays: boolean
  /** Tells the observers. Once per read, after its last frame. */
  readonly flush: () => void
}

/** Follows one publish of one source for as long as it lasts; `optional` failures switch the subsystem off for it. */
export type Attach = (source: Source) => Effect.Effect<void, { readonly message: string }, Scope.Scope>

export class SourceRegistry extends Context.Service<
  SourceRegistry,
  {
    /**
     * Owns the name until the scope closes. `onTakenOver` is told when another publisher has taken it over: a plain
     * call on that one's stack.
     */
    readonly publish: (
      permit: Permit<"publish">,
      onTakenOver: (error: TakenOver) => void
    ) => Effect.Effect<Publication, StreamBusy | SourceRefused, Scope.Scope>
    /** The source, made if there is none, and kept until the scope closes. */
    readonly subscribe: (permit: Permit<"play">) => Effect.Effect<Source, never, Scope.Scope>
    /** Runs `attach` in each publish's scope, in order of registration, before the publisher is told that it may start. */
    readonly onSource: (
      subsystem: string,
      attach: Attach,
      weight: "optional" | "required"
    ) => Effect.Effect<void, never, Scope.Scope>
    readonly find: (key: string) => Source | undefined
    readonly all: () => Iterable<Source>
  }
>()("sluice/services/SourceRegistry") {}
