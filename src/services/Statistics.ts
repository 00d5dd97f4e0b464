/** What happened here: clients, streams, vhosts, this process and the machine, as the APIs and metrics show it. */
import * as Context from "effect/Context"
import type { AudioFacts, VideoFacts } from "../domain/stats/codecFacts.ts"
import type { GroupOfPictures } from "../domain/media/SourceLog.ts"
import type { ClientAccount, Ledger, StreamAccount, VhostAccount } from "../domain/stats/Ledger.ts"
import type { Rates } from "../domain/stats/Rate.ts"
import type { SystemSample } from "../domain/stats/SystemSample.ts"
import type { Session } from "./Sessions.ts"

/** What of a stream is its source's. */
export interface StreamState {
  /** A publisher is there. */
  readonly active: boolean
  /** Video frames received, headers too. */
  readonly frames: number
  /** Video frames a second that came, over the last whole window of 10 s. */
  readonly framesPerSecond: number
  /** The newest group of pictures that is whole. */
  readonly gop: GroupOfPictures
  /** Absent without publisher, or without such a track. */
  readonly video: VideoFacts | undefined
  readonly audio: AudioFacts | undefined
}

export class Statistics extends Context.Service<
  Statistics,
  {
    /** The counters as they are now. Theirs who own it: read only, and do not keep. */
    readonly ledger: () => Ledger<Session>
    /** Sessions that publish or play, or did, by id: a part of `ledger().clients`. */
    readonly clients: () => Iterable<ClientAccount<Session>>
    readonly streams: () => Iterable<StreamAccount>
    readonly vhosts: () => Iterable<VhostAccount>
    /** What a session publishes or plays; `undefined` before it has said so. Cheap. */
    readonly streamOf: (session: Session) => StreamAccount | undefined
    readonly stateOf: (stream: StreamAccount) => StreamState
    /** As of the last sample; nothing in it with `stats.enabled off`. */
    readonly system: () => SystemSample
    /** As of the last sample, epoch milliseconds and bytes. */
    readonly traffic: () => { readonly at: number; readonly bytesIn: number; readonly bytesOut: number }
    /** Of all bytes, as of the last sample. */
    readonly rates: () => Rates
    /** Epoch milliseconds. */
    readonly startedAt: number
  }
>()("sluice/services/Statistics") {}
