/** A live media server that the bench can start. */
import type { Command } from "../process.ts"

export type ServerName = "sluice" | "nginx" | "nms" | "nginx-files"
export type Protocol = "rtmp" | "http-flv" | "ws-flv" | "hls"

/** What a row asks of the server's configuration. A peer that has no such thing is run as it is. */
export interface Tuning {
  /** Frames go out at once; else they are merged over 350 ms. */
  readonly minLatency: boolean
  /** A publisher is read every 350 ms. */
  readonly mergedRead: boolean
  readonly tracing: boolean
  /** Segments of 2 s, and where they are kept. */
  readonly hls: "off" | "memory" | "disk"
}

export interface Place {
  /** For configuration, logs and data; removed after the run. */
  readonly directory: string
  readonly rtmpPort: number
  readonly httpPort: number
  /** For the origin of a peer that has one. */
  readonly spareHttpPort: number
}

export interface Peer {
  readonly title: string
  /** Makes it ready to start; the reason when it cannot be. */
  readonly prepare: () => string | undefined
  readonly protocols: ReadonlyArray<Protocol>
  /** Another server, which takes the publishers and makes the files that this one serves. It is not measured. */
  readonly origin?: (tuning: Tuning, place: Place) => Command
  /** Writes its configuration and says how to start it. */
  readonly command: (tuning: Tuning, place: Place) => Command
}
