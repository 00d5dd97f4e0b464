/** What the load generator prints. */

export interface Distribution {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Report {
  readonly asked: number
  readonly open: number
  readonly failed: number
  readonly closedEarly: number
  readonly firstFailure: string | null
  /** Length of the measured window; what follows is of that window. */
  readonly seconds: number
  readonly bytes: number
  readonly mbps: number
  readonly self: {
    readonly cpuSeconds: number
    /** Of one core. */
    readonly cpuShare: number
    readonly lateMillis: { readonly p99: number; readonly max: number }
  }
  readonly void: boolean
  readonly voidReasons: ReadonlyArray<string>
}

export interface PublishReport extends Report {
  readonly role: "publish"
  /** From publish to NetStream.Publish.Start. */
  readonly startMillis: { readonly p50: number; readonly max: number }
  readonly blocked: { readonly count: number; readonly worstMillis: number }
}

export interface PlayReport extends Report {
  readonly role: "play"
  readonly protocol: "rtmp" | "http-flv" | "websocket-flv" | "hls"
  readonly perPlayerBytes: { readonly min: number; readonly median: number }
  /** From a player's first read in the window to its last. */
  readonly perPlayerMbps: { readonly min: number; readonly median: number }
  readonly worstGapMillis: number
  /** From play or GET to the first coded frame of any kind, and of video. */
  readonly startMillis: Distribution
  readonly videoStartMillis: Distribution
  /** From the last byte of a marked frame at the publisher's socket to its last byte at a checked viewer. */
  readonly addedLatencyMillis: Distribution
  readonly hls?: {
    /** Of the window, the share in which the worst-served player had something to play. */
    readonly leastPlayed: number
    /** Got in the window. */
    readonly lists: number
    readonly segments: number
    /** From the request to the last byte. */
    readonly listMillis: Distribution
    readonly segmentMillis: Distribution
  }
  readonly checked: {
    readonly connections: number
    readonly frames: number
    readonly skippedFrames: number
    readonly errors: number
    readonly reasons: ReadonlyArray<{ readonly viewer: number; readonly what: string }>
  }
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`

/** One line for people. */
export const summary = (report: PublishReport | PlayReport): string => {
  const facts = [
    `${report.open} of ${report.asked} open, ${report.failed} failed, ${report.closedEarly} closed early`,
    `${report.mbps.toFixed(1)} Mbit/s over ${report.seconds.toFixed(1)} s`
  ]
  if (report.role === "play") {
    const { addedLatencyMillis: latency, checked, startMillis, worstGapMillis } = report
    facts.push(`worst gap ${ms(worstGapMillis)}`, `start p50 ${ms(startMillis.p50)}, max ${ms(startMillis.max)}`)
    if (report.hls !== undefined) {
      const { leastPlayed, lists, segmentMillis, segments } = report.hls
      facts.push(`${lists} lists and ${segments} segments, p99 ${ms(segmentMillis.p99)}`)
      facts.push(`the worst-served had media for ${(leastPlayed * 100).toFixed(0)} % of the time`)
    }
    if (latency.count > 0) facts.push(`added latency p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}`)
    facts.push(`${checked.errors} errors in ${checked.frames} frames of ${checked.connections} checked`)
    if (checked.skippedFrames > 0) facts.push(`${checked.skippedFrames} frames skipped`)
  }
  if (report.firstFailure !== null) facts.push(`first failure: ${report.firstFailure}`)
  facts.push(`generator ${(report.self.cpuShare * 100).toFixed(0)} % of a core`)
  return facts.join("; ") + (report.void ? `; VOID: ${report.voidReasons.join(", ")}` : "")
}
