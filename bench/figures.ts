/** What one run of a load against one server gave. */
import type { WrittenLists } from "./hls.ts"

export interface Figures {
  readonly startToListeningMillis: number
  /** Length of the measured window; the figures are of that window where not said otherwise. */
  readonly seconds: number
  /** Of the server with its children. */
  readonly cpuSeconds: number
  /** From the server's start to the window's end. */
  readonly cpuSecondsTotal: number
  /** Bytes, at the window's end; the peak is since the server's start. */
  readonly resident: number
  readonly residentPeak: number
  /** To the viewers; without viewers, from the publishers. */
  readonly mbps: number
  /** Connections asked for, and those that failed or were closed early. */
  readonly asked: number
  readonly lost: number
  /** Violations of framing and order that the checked viewers saw. */
  readonly errors: number
  readonly viewers?: ViewerFigures
  /** On disk, at the window's end. */
  readonly written?: WrittenLists
  readonly loopDelayP99Millis?: number
  /** Not empty: the load generator was too slow, the figures say nothing. */
  readonly voidReasons: ReadonlyArray<string>
}

export interface ViewerFigures {
  /**
   * Rate of the worst-served viewer over that of the published messages; of HLS players the share of the window in which
   * the worst-served had something to play.
   */
  readonly leastRate: number
  readonly worstGapMillis: number
  /** From play or GET to the first video frame. */
  readonly startMillis: { readonly p50: number; readonly max: number }
  readonly addedLatencyMillis: { readonly p50: number; readonly p99: number }
}

/** The share of one core. */
export const cores = ({ cpuSeconds, seconds }: Figures): number => cpuSeconds / seconds

export const megabytes = (bytes: number): number => bytes / 1_000_000
