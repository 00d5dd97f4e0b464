/** The loads of the bench, and what is to be reached under each. */
import { cores, type Figures, megabytes } from "./figures.ts"
import { fileSystem } from "./folder.ts"
import type { Load } from "./measure.ts"
import type { Protocol, ServerName, Tuning } from "./peers/peer.ts"

export interface Limit {
  readonly what: string
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
}

export interface Target extends Limit {
  /** `others`: by the server's name, this row's load; by a row's name, this server under that row. */
  readonly value: (own: Figures, others: (name: string) => Figures | undefined) => number | undefined
}

interface Named {
  readonly name: string
  readonly title: string
  /** Part of `--quick`. */
  readonly quick: boolean
}

/** One load on this server and on peers. */
export interface LoadRow extends Named {
  readonly kind: "load"
  readonly load: Load
  readonly tuning: Tuning
  readonly peers: ReadonlyArray<ServerName>
  /** A row of this server that a target compares with. */
  readonly needs?: string
  readonly targets: ReadonlyArray<Target>
}

/** One load on this server, tuned in two ways, in turns; the medians are compared. */
export interface TurnsRow extends Named {
  readonly kind: "turns"
  readonly load: Load
  readonly tuning: Tuning
  readonly against: Tuning
  readonly againstTitle: string
  /** The figure that says which run is in the middle, and that is compared. */
  readonly compared: (figures: Figures) => number
  /** With `--quick` one. */
  readonly turns: number
  readonly targets: ReadonlyArray<Target>
}

/** The time from start to listening, the median of some starts. */
export interface StartRow extends Named {
  readonly kind: "start"
  readonly starts: number
  readonly atMostMillis: number
}

/** From opening this server's page in Chromium to the first picture, the slowest of some. */
export interface PictureRow extends Named {
  readonly kind: "picture"
  readonly load: Load
  readonly tuning: Tuning
  readonly starts: number
  readonly atMostMillis: number
}

export type Row = LoadRow | TurnsRow | StartRow | PictureRow

const merged: Tuning = { minLatency: false, mergedRead: false, tracing: true, hls: "off" }
const low: Tuning = { ...merged, minLatency: true }

const fan = (viewers: number, protocol: Protocol = "rtmp"): Load => ({
  publishers: 1,
  clip: "1000k",
  viewers,
  protocol
})
const publishers: Load = { publishers: 1000, clip: "190k", viewers: 0, protocol: "rtmp" }

const cpuOf = (other: string, title: string, atMost: number): Target => ({
  what: `CPU × ${title}`,
  unit: "",
  atMost,
  value: (own, others) => {
    const figures = others(other)
    return figures && cores(own) / cores(figures)
  }
})
const cpuOfNginx = (atMost: number) => cpuOf("nginx", "nginx-rtmp", atMost)
const cpuOfRtmpRow = cpuOf("rtmp-1000-merged", "our RTMP row", 1.2)
const cpu = (atMost: number): Target => ({ what: "CPU", unit: " of a core", atMost, value: cores })
const resident = (atMost: number): Target => ({
  what: "resident",
  unit: " MB",
  atMost,
  value: (own) => megabytes(own.residentPeak)
})
const latency = (atMost: number): Target => ({
  what: "added latency p99",
  unit: " ms",
  atMost,
  value: (own) => own.viewers?.addedLatencyMillis.p99
})
const gap = (atMost: number): Target => ({
  what: "worst gap",
  unit: " ms",
  atMost,
  value: (own) => own.viewers?.worstGapMillis
})
const loopDelay = (atMost: number): Target => ({
  what: "loop delay p99",
  unit: " ms",
  atMost,
  value: (own) => own.loopDelayP99Millis
})
/** The clips' rate varies by some percent from second to second. */
const fullRate: Target = { what: "least rate", unit: "", atLeast: 0.95, value: (own) => own.viewers?.leastRate }
const noneLost: Target = { what: "connections lost", unit: "", atMost: 0, value: (own) => own.lost }
const noErrors: Target = { what: "errors seen", unit: "", atMost: 0, value: (own) => own.errors }

const whole = [fullRate, noneLost, noErrors]

const cpuTotal = ({ cpuSecondsTotal }: Figures): number => cpuSecondsTotal
const compared = (what: string, atMost: number, by: (figures: Figures) => number): Target => ({
  what,
  unit: "",
  atMost,
  value: (own, others) => {
    const against = others("against")
    return against && by(own) / by(against)
  }
})

const cpuPerGigabit = ({ cpuSeconds, mbps, seconds }: Figures): number => cpuSeconds / ((mbps * seconds) / 1000)
const cpuPerGigabitOfNginx: Target = {
  what: "CPU per Gbit × nginx",
  unit: "",
  atMost: 2.5,
  value: (own, others) => {
    const nginx = others("nginx-files")
    return nginx && cpuPerGigabit(own) / cpuPerGigabit(nginx)
  }
}

/** A list is written with each segment, of 2 s. */
const listsWritten = (count: number): ReadonlyArray<Target> => [
  { what: "lists written", unit: "", atLeast: count, value: (own) => own.written?.lists },
  { what: "oldest list", unit: " ms", atMost: 3000, value: (own) => own.written?.oldestMillis },
  { what: "gaps in lists", unit: "", atMost: 0, value: (own) => own.written?.gaps }
]

export const rows: ReadonlyArray<Row> = [
  {
    kind: "load",
    name: "rtmp-1000-merged",
    title: "1 → 1000 RTMP, merged 350 ms",
    quick: true,
    load: fan(1000),
    tuning: merged,
    peers: ["nginx", "nms"],
    targets: [cpuOfNginx(0.15), ...whole]
  },
  {
    kind: "load",
    name: "rtmp-1000-low",
    title: "1 → 1000 RTMP, min_latency",
    quick: true,
    load: fan(1000),
    tuning: low,
    peers: ["nginx", "nms"],
    targets: [cpuOfNginx(0.75), latency(30), ...whole]
  },
  {
    kind: "load",
    name: "rtmp-4000-low",
    title: "1 → 4000 RTMP, min_latency",
    quick: true,
    load: fan(4000),
    tuning: low,
    peers: [],
    targets: [cpu(0.85), resident(130), gap(200), ...whole]
  },
  {
    kind: "load",
    name: "rtmp-8000-merged",
    title: "1 → 8000 RTMP, merged 350 ms",
    quick: false,
    load: fan(8000),
    tuning: merged,
    peers: [],
    targets: [cpu(0.6), resident(160), loopDelay(60), ...whole]
  },
  {
    kind: "load",
    name: "http-flv-1000",
    title: "1 → 1000 HTTP-FLV, merged 350 ms",
    quick: true,
    load: fan(1000, "http-flv"),
    tuning: merged,
    peers: ["nms"],
    needs: "rtmp-1000-merged",
    targets: [cpuOfRtmpRow, ...whole]
  },
  {
    kind: "load",
    name: "ws-flv-1000",
    title: "1 → 1000 WebSocket-FLV, merged 350 ms",
    quick: true,
    load: fan(1000, "ws-flv"),
    tuning: merged,
    peers: ["nms"],
    needs: "rtmp-1000-merged",
    targets: [cpuOfRtmpRow, ...whole]
  },
  {
    kind: "load",
    name: "publish-1000",
    title: "1000 publishers × 190 kbps",
    quick: true,
    load: publishers,
    tuning: merged,
    peers: ["nginx", "nms"],
    targets: [cpuOfNginx(1.3), resident(200), noneLost]
  },
  {
    kind: "load",
    name: "publish-1000-mr",
    title: "1000 publishers × 190 kbps, mr 350 ms",
    quick: true,
    load: publishers,
    tuning: { ...merged, mergedRead: true },
    peers: ["nginx"],
    targets: [cpuOfNginx(0.7), noneLost]
  },
  {
    kind: "load",
    name: "pairs-500",
    title: "500 publishers → 500 players × 190 kbps",
    quick: true,
    load: { publishers: 500, clip: "190k", viewers: 500, protocol: "rtmp" },
    tuning: merged,
    peers: ["nginx", "nms"],
    targets: [cpuOfNginx(0.9), ...whole]
  },
  {
    kind: "load",
    name: "first-frame",
    title: "first frame at a new player, gop_cache on",
    quick: true,
    load: { ...fan(40), ramp: 10 },
    tuning: merged,
    peers: [],
    targets: [
      { what: "first video frame, worst of 40", unit: " ms", atMost: 30, value: (own) => own.viewers?.startMillis.max },
      noErrors
    ]
  },
  {
    kind: "turns",
    name: "tracing",
    title: "tracing present against compiled to no-ops",
    quick: false,
    load: fan(1000),
    tuning: low,
    against: { ...low, tracing: false },
    againstTitle: "no-ops",
    compared: cpuTotal,
    turns: 3,
    targets: [compared("CPU × without tracing", 1.02, cpuTotal)]
  },
  {
    kind: "turns",
    name: "hls-500-streams",
    title: `500 publishers × 190 kbps, HLS in files on ${fileSystem}`,
    quick: false,
    load: { ...publishers, publishers: 500, settleSeconds: 4 },
    tuning: { ...merged, hls: "disk" },
    against: merged,
    againstTitle: "HLS off",
    compared: cores,
    turns: 3,
    targets: [compared("CPU × HLS off", 1.8, cores), ...listsWritten(500), noneLost]
  },
  {
    kind: "load",
    name: "hls-2000-viewers",
    title: "1 → 2000 HLS, in memory",
    quick: true,
    load: { ...fan(2000, "hls"), ramp: 1000 },
    tuning: { ...merged, hls: "memory" },
    peers: ["nginx-files"],
    targets: [cpu(0.5), cpuPerGigabitOfNginx, ...whole]
  },
  {
    kind: "picture",
    name: "hls-start",
    title: "first picture of HLS in Chromium, segments of 2 s",
    quick: false,
    load: fan(1, "hls"),
    tuning: { ...merged, hls: "memory" },
    starts: 5,
    atMostMillis: 1500
  },
  {
    kind: "start",
    name: "start",
    title: "start to listening",
    quick: true,
    starts: 5,
    atMostMillis: 300
  }
]
