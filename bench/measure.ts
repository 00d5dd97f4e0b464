/** Runs one load against one server. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

import { type Clip, clip, type ClipName } from "./clips.ts"
import type { Figures, ViewerFigures } from "./figures.ts"
import { makeFolder } from "./folder.ts"
import { untilListed, type WrittenLists, writtenLists } from "./hls.ts"
import { compile } from "./load/compile.ts"
import type { PlayReport, PublishReport } from "./load/report.ts"
import type { Peer, Place, Protocol, Tuning } from "./peers/peer.ts"
import { loopDelayFile, segmentDirectory } from "./peers/sluice.ts"
import { freePorts, Generator, listening, ServerProcess } from "./process.ts"
import { type Usage, usageOf } from "./procfs.ts"

export interface Load {
  /** More than one: each has a stream of its own, which the viewer of the same number plays. */
  readonly publishers: number
  readonly clip: ClipName
  readonly viewers: number
  readonly protocol: Protocol
  /** Connections opened a second, where the load itself says so. */
  readonly ramp?: number
  /** At least so long a pause before the measured window. */
  readonly settleSeconds?: number
}

/** Connections a second, the pause after the last has started, and the measured window. */
export interface Timing {
  readonly ramp: number
  readonly settleSeconds: number
  readonly seconds: number
}

const checkedViewers = 8

/** The publishers of a load with viewers run until they are told to stop. */
const untilStoppedSeconds = 3600

class Workplace implements Place {
  readonly directory = makeFolder()
  readonly rtmpPort: number
  readonly httpPort: number
  readonly spareHttpPort: number

  constructor([rtmpPort, httpPort, spareHttpPort]: ReadonlyArray<number>) {
    this.rtmpPort = rtmpPort!
    this.httpPort = httpPort!
    this.spareHttpPort = spareHttpPort!
  }
}

export const workplace = async (): Promise<Workplace> => new Workplace(await freePorts(3))

export const start = (peer: Peer, tuning: Tuning, place: Place): ServerProcess =>
  new ServerProcess(peer.command(tuning, place), join(place.directory, "output.log"))

const startOrigin = async (peer: Peer, tuning: Tuning, place: Place): Promise<ServerProcess | undefined> => {
  if (peer.origin === undefined) return undefined
  const origin = new ServerProcess(peer.origin(tuning, place), join(place.directory, "origin.log"))
  await listening(origin, place.rtmpPort, performance.now())
  return origin
}

/** Milliseconds from the server's start until it accepts connections. */
export const measureStart = async (peer: Peer, tuning: Tuning): Promise<number> => {
  const place = await workplace()
  const since = performance.now()
  await using server = start(peer, tuning, place)
  return await listening(server, place.rtmpPort, since)
}

const streamOf = (load: Load): string => (load.publishers > 1 ? "live/s%d" : "live/s")

export const publishArguments = (
  load: Load,
  { ramp, seconds, settleSeconds }: Timing,
  place: Place
): ReadonlyArray<string> => {
  const alone = load.viewers === 0
  return [
    "role=publish",
    "proto=rtmp",
    "host=127.0.0.1",
    `port=${place.rtmpPort}`,
    `path=${streamOf(load)}`,
    `file=${clip(load.clip).file}`,
    `count=${load.publishers}`,
    `ramp=${ramp}`,
    `settle=${alone ? Math.max(settleSeconds, load.settleSeconds ?? 0) : 0}`,
    `seconds=${alone ? seconds : untilStoppedSeconds}`
  ]
}

const protocols: Readonly<Record<Protocol, (place: Place, stream: string) => ReadonlyArray<string>>> = {
  rtmp: ({ rtmpPort }, stream) => ["proto=rtmp", `port=${rtmpPort}`, `path=${stream}`],
  "http-flv": ({ httpPort }, stream) => ["proto=http", `port=${httpPort}`, `path=/${stream}.flv`],
  "ws-flv": ({ httpPort }, stream) => ["proto=ws", `port=${httpPort}`, `path=/${stream}.flv`],
  hls: ({ httpPort }, stream) => ["proto=hls", `port=${httpPort}`, `path=/${stream}.m3u8`]
}

const playArguments = (load: Load, { ramp, seconds, settleSeconds }: Timing, place: Place): ReadonlyArray<string> => [
  "role=play",
  "host=127.0.0.1",
  ...protocols[load.protocol](place, streamOf(load)),
  `count=${load.viewers}`,
  `ramp=${load.ramp ?? ramp}`,
  `settle=${settleSeconds}`,
  `seconds=${seconds}`,
  `check=${checkedViewers}`
]

interface Reports {
  readonly publish: PublishReport
  readonly play: PlayReport | undefined
  readonly before: Usage
  readonly after: Usage
  readonly written: WrittenLists | undefined
}

const usageOver = async (pid: number, measured: Generator<unknown>): Promise<{ before: Usage; after: Usage }> => {
  await measured.reached("window")
  const before = usageOf(pid)
  await measured.reached("done")
  return { before, after: usageOf(pid) }
}

export const listUrl = (load: Load, { httpPort }: Place): string =>
  `http://127.0.0.1:${httpPort}/${streamOf(load).replace("%d", "0")}.m3u8`

const runLoad = async (load: Load, timing: Timing, place: Place, server: ServerProcess): Promise<Reports> => {
  const program = compile()
  const written = () => (existsSync(segmentDirectory(place)) ? writtenLists(segmentDirectory(place)) : undefined)
  await using publishers = new Generator<PublishReport>(program, publishArguments(load, timing, place))
  if (load.viewers === 0) {
    const usage = await usageOver(server.pid, publishers)
    return { ...usage, written: written(), publish: await publishers.report, play: undefined }
  }
  await publishers.reached("window")
  if (load.protocol === "hls") await untilListed(server, listUrl(load, place))
  await using viewers = new Generator<PlayReport>(program, playArguments(load, timing, place))
  await viewers.reached("window")
  // Lateness while thousands of viewers came is no matter.
  publishers.restartWindow()
  const usage = await usageOver(server.pid, viewers)
  return { ...usage, written: written(), publish: await publishers.stop(), play: await viewers.report }
}

const viewerFigures = (play: PlayReport, { bytesPerSecond }: Clip): ViewerFigures => ({
  leastRate: play.hls?.leastPlayed ?? (play.perPlayerMbps.min * 1e6) / 8 / bytesPerSecond,
  worstGapMillis: play.worstGapMillis,
  startMillis: play.videoStartMillis,
  addedLatencyMillis: play.addedLatencyMillis
})

const loopDelay = (place: Place): { loopDelayP99Millis?: number } => {
  if (!existsSync(loopDelayFile(place))) return {}
  const { p99 } = JSON.parse(readFileSync(loopDelayFile(place), "utf8")) as { readonly p99: number }
  return { loopDelayP99Millis: p99 }
}

export const measure = async (peer: Peer, load: Load, tuning: Tuning, timing: Timing): Promise<Figures> => {
  const place = await workplace()
  const since = performance.now()
  const measured = await (async () => {
    await using origin = await startOrigin(peer, tuning, place)
    await using server = start(peer, tuning, place)
    const port = origin === undefined ? place.rtmpPort : place.httpPort
    const startToListeningMillis = await listening(server, port, since)
    const reports = await runLoad(load, timing, place, server)
    if (!server.running) throw new Error(`the server ${server.failure}`)
    return { ...reports, startToListeningMillis }
  })()
  const { after, before, play, publish, written } = measured
  const main = play ?? publish
  const asked = publish.asked + (play?.asked ?? 0)
  return {
    startToListeningMillis: measured.startToListeningMillis,
    seconds: main.seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    cpuSecondsTotal: after.cpuSeconds,
    resident: after.resident,
    residentPeak: after.residentPeak,
    mbps: main.mbps,
    asked,
    lost: asked - publish.open - (play?.open ?? 0),
    errors: play?.checked.errors ?? 0,
    ...(play === undefined ? {} : { viewers: viewerFigures(play, clip(load.clip)) }),
    ...(written === undefined ? {} : { written }),
    // The server writes it as it ends.
    ...loopDelay(place),
    voidReasons: [...publish.voidReasons.map((reason) => `publishers: ${reason}`), ...(play?.voidReasons ?? [])]
  }
}
