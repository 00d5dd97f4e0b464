/** Publishing and playing from within this process, frame by frame: a protocol like the others, without a network. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { MediaFrame } from "../domain/media/MediaFrame.ts"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { Refused } from "./Authorizer.ts"
import type { SessionKicked, TooManyConnections } from "./Sessions.ts"
import type { SourceRefused, StreamBusy, TakenOver } from "./SourceRegistry.ts"

/** `app/stream` or `app/stream?parameters` of the default vhost, or a name with its vhost. */
export type Target = string | StreamName

export interface FramePublisher {
  /** Hands frames over for good: together they are one batch for viewers. Does nothing once `ended`. */
  readonly send: (...frames: ReadonlyArray<MediaFrame>) => void
  /** Fails when another publisher, or an operator, has ended this one. */
  readonly ended: Effect.Effect<never, TakenOver | SessionKicked>
}

export class InProcess extends Context.Service<
  InProcess,
  {
    /** Publishes until the scope closes. */
    readonly publish: (
      target: Target
    ) => Effect.Effect<
      FramePublisher,
      Refused | StreamBusy | SourceRefused | TakenOver | TooManyConnections | SessionKicked,
      Scope.Scope
    >
    /**
     * The frames of a stream, from the newest keyframe on with the headers in force there. Waits for a publisher, and
     * ends when that one has left. Whoever pulls too slowly loses whole groups of pictures. The frames are shared: read
     * only.
     */
    readonly subscribe: (target: Target) => Stream.Stream<MediaFrame, Refused | TooManyConnections | SessionKicked>
  }
>()("sluice/services/InProcess") {}
