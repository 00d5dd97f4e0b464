/** Viewers who fetch lists and segments: a session each, from the first list they ask for until they ask no more. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { Refused } from "./Authorizer.ts"
import type { Session, TooManyConnections } from "./Sessions.ts"

export interface SegmentViewer {
  readonly session: Session
  readonly stream: StreamName
  /** Clock of the last request, milliseconds. */
  lastRequestAt: number
  /** Answered so far. */
  bytes: number
  requests: number
}

export interface SegmentViewerRequest {
  /** `hls`, `dash`. */
  readonly protocol: string
  /** The client type of log, API and callbacks. */
  readonly clientType: string
  readonly address: string
  readonly stream: StreamName
  /** Query of the request with its leading `?`, or empty. */
  readonly param: string
  readonly tcUrl: string
  readonly pageUrl: string
  /** The header field, if there is one. */
  readonly authorization: string | undefined
  /** Without a request for so long it has left; asked anew each time. */
  readonly expiryMillis: () => number
}

export class SegmentViewers extends Context.Service<
  SegmentViewers,
  {
    /** Only those who were let in. */
    readonly find: (id: string) => SegmentViewer | undefined
    readonly wasKicked: (id: string) => boolean
    /** A new viewer, once it is let in: the one decision for all that it fetches. */
    readonly enter: (request: SegmentViewerRequest) => Effect.Effect<SegmentViewer, Refused | TooManyConnections>
  }
>()("sluice/services/SegmentViewers") {}
