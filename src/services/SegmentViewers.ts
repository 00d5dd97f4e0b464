/** Viewers who fetch lists and segments: a session each, from the first list they ask for until they ask no more. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { Refused } from "./Authorizer.ts"
import type { Session, SessionKicked, TooManyConnections } from "./Sessions.ts"

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
  /** Query of the request with its leading `?`, or empty; without what is another in each request. */
  readonly param: string
  readonly tcUrl: string
  readonly pageUrl: string
  readonly extension?: string | undefined
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
    /** One who was let in from this address, for files whose URLs say nothing of who asks. */
    readonly at: (address: string, stream: StreamName) => SegmentViewer | undefined
    /** A new viewer, once it is let in: the one decision for all that it fetches. */
    readonly enter: (request: SegmentViewerRequest) => Effect.Effect<SegmentViewer, Refused | TooManyConnections>
    /**
     * The same for requests that name no session: by address, stream and what they show they are one viewer, asked for
     * once. A refusal holds for a while too.
     */
    readonly admit: (
      request: SegmentViewerRequest
    ) => Effect.Effect<SegmentViewer, Refused | TooManyConnections | SessionKicked>
  }
>()("sluice/services/SegmentViewers") {}
