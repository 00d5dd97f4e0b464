/** Copies of published streams, pushed to other RTMP and RTMPS servers. */
import * as Context from "effect/Context"

export type ForwardPhase =
  /** Dialling, or waiting for consent. */
  | "connecting"
  | "forwarding"
  /** Until it is tried again. */
  | "waiting"
  /** For good: a URL that is none, or this server itself. */
  | "refused"

/** One stream on its way to one destination. */
export interface Forward {
  /** Key of the source. */
  readonly stream: string
  /** The whole URL, without password. */
  readonly url: string
  readonly phase: ForwardPhase
  /** Why it does not go on, empty while it does. */
  readonly reason: string
  /** How often the destination has accepted the stream. */
  readonly connects: number
  readonly bytesOut: number
  readonly framesOut: number
  /** Frames that a slow destination lost, in whole groups of pictures, and in how many jumps. */
  readonly framesDropped: number
  readonly jumps: number
}

export class Forwarder extends Context.Service<
  Forwarder,
  {
    /** Those of all streams that are published now. */
    readonly all: () => ReadonlyArray<Forward>
  }
>()("sluice/services/Forwarder") {}
