/** A live media server that the bench can start. */
import type { Command } from "../process.ts"

export type ServerName = "sluice" | "nginx" | "nms"
export type Protocol = "rtmp" | "http-flv" | "ws-flv"

/** What a row asks of the server's configuration. A peer that has no such thing is run as it is. */
export interface Tuning {
  /** Frames go out at once; else they are merged over 350 ms. */
  readonly minLatency: boolean
  /** A publisher is read every 350 ms. */
  readonly mergedRead: boolean
  readonly tracing: boolean
}

export interface Place {
  /** For configuration, logs and data; removed after the run. */
  readonly directory: string
  readonly rtmpPort: number
  readonly httpPort: number
}

export interface Peer {
  readonly title: string
  /** Makes it ready to start; the reason when it cannot be. */
  readonly prepare: () => string | undefined
  readonly protocols: ReadonlyArray<Protocol>
  /** Writes its configuration and says how to start it. */
  readonly command: (tuning: Tuning, place: Place) => Command
}
