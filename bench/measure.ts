/** Runs one load against one server. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { type Clip, clip, type ClipName } from "./clips.ts"
import type { Figures, ViewerFigures } from "./figures.ts"
import { compile } from "./load/compile.ts"
import type { PlayReport, PublishReport } from "./load/report.ts"
import type { Peer, Place, Protocol, Tuning } from "./peers/peer.ts"
import { loopDelayFile } from "./peers/sluice.ts"
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

const directories = new Set<string>()

// Ctrl-C leaves nothing behind either.
process.on("exit", () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

class Workplace implements Place, Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "sluice-bench-"))
  readonly rtmpPort: number
  readonly httpPort: number

  constructor(rtmpPort: number, httpPort: number) {
    this.rtmpPort = rtmpPort
    this.httpPort = httpPort
    directories.add(this.directory)
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
    directories.delete(this.directory)
  }
}

const workplace = async (): Promise<Workplace> => {
  const [rtmpPort, httpPort] = await freePorts(2)
  return new Workplace(rtmpPort!, httpPort!)
}

const start = (peer: Peer, tuning: Tuning, place: Place): ServerProcess =>
  new ServerProcess(peer.command(tuning, place), join(place.directory, "output.log"))

/** Milliseconds from the server's start until it accepts connections. */
export const measureStart = async (peer: Peer, tuning: Tuning): Promise<number> => {
  using place = await workplace()
  const since = performance.now()
  await using server = start(peer, tuning, place)
  return await listening(server, place.rtmpPort, since)
}

const streamOf = (load: Load): string => (load.publishers > 1 ? "live/s%d" : "live/s")

const publishArguments = (
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
    `settle=${alone ? settleSeconds : 0}`,
    `seconds=${alone ? seconds : untilStoppedSeconds}`
  ]
}

const protocols: Readonly<Record<Protocol, (place: Place, stream: string) => ReadonlyArray<string>>> = {
  rtmp: ({ rtmpPort }, stream) => ["proto=rtmp", `port=${rtmpPort}`, `path=${stream}`],
  "http-flv": ({ httpPort }, stream) => ["proto=http", `port=${httpPort}`, `path=/${stream}.flv`],
  "ws-flv": ({ httpPort }, stream) => ["proto=ws", `port=${httpPort}`, `path=/${stream}.flv`]
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
}

const usageOver = async (pid: number, measured: Generator<unknown>): Promise<{ before: Usage; after: Usage }> => {
  await measured.reached("window")
  const before = usageOf(pid)
  await measured.reached("done")
  return { before, after: usageOf(pid) }
}

const runLoad = async (load: Load, timing: Timing, place: Place, pid: number): Promise<Reports> => {
  const program = compile()
  await using publishers = new Generator<PublishReport>(program, publishArguments(load, timing, place))
  if (load.viewers === 0) {
    const usage = await usageOver(pid, publishers)
    return { ...usage, publish: await publishers.report, play: undefined }
  }
  await publishers.reached("window")
  await using viewers = new Generator<PlayReport>(program, playArguments(load, timing, place))
  await viewers.reached("window")
  // Lateness while thousands of viewers came is no matter.
  publishers.restartWindow()
  const usage = await usageOver(pid, viewers)
  return { ...usage, publish: await publishers.stop(), play: await viewers.report }
}

const viewerFigures = (play: PlayReport, { bytesPerSecond }: Clip): ViewerFigures => ({
  leastRate: (play.perPlayerMbps.min * 1e6) / 8 / bytesPerSecond,
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
  using place = await workplace()
  const since = performance.now()
  const measured = await (async () => {
    await using server = start(peer, tuning, place)
    const startToListeningMillis = await listening(server, place.rtmpPort, since)
    const reports = await runLoad(load, timing, place, server.pid)
    if (!server.running) throw new Error(`the server ${server.failure}`)
    return { ...reports, startToListeningMillis }
  })()
  const { after, before, play, publish } = measured
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
    // The server writes it as it ends.
    ...loopDelay(place),
    voidReasons: [...publish.voidReasons.map((reason) => `publishers: ${reason}`), ...(play?.voidReasons ?? [])]
  }
}
