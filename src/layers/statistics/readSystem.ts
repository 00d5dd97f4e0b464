/** Reads the state of process and machine, each group as often as SRS does. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as Effect from "effect/Effect"
import * as procfs from "../../domain/stats/procfs.ts"
import type { SystemSample, Usage } from "../../domain/stats/SystemSample.ts"

/** The pace of the sampling; disk and memory every second time, machine and network every third. */
export const sampleMillis = 3000

const read = (path: string): string => fs.readFileSync(path, "latin1")

const usage = (): Usage => {
  const used = process.resourceUsage()
  return {
    utime: used.userCPUTime / 1_000_000,
    stime: used.systemCPUTime / 1_000_000,
    maxrss: used.maxRSS,
    ixrss: used.sharedMemorySize,
    idrss: used.unsharedDataSize,
    isrss: used.unsharedStackSize,
    minflt: used.minorPageFault,
    majflt: used.majorPageFault,
    nswap: used.swappedOut,
    inblock: used.fsRead,
    oublock: used.fsWrite,
    msgsnd: used.ipcSent,
    msgrcv: used.ipcReceived,
    nsignals: used.signalsCount,
    nvcsw: used.voluntaryContextSwitches,
    nivcsw: used.involuntaryContextSwitches
  }
}

const publicInterfaces = (): ReadonlySet<string> =>
  new Set(
    Object.entries(os.networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.some(({ address }) => procfs.isPublicAddress(address)) ? [name] : []
    )
  )

const ratio = (part: number, whole: number): number => (whole > 0 ? Math.max(0, part / whole) : 0)

const readProcess = (before: SystemSample, at: number): SystemSample => {
  const self = procfs.parseSelfStat(read("/proc/self/stat"))
  const cpu = procfs.parseCpuStat(read("/proc/stat"))
  const selfTicks = (self?.ticks ?? 0) - (before.self?.ticks ?? self?.ticks ?? 0)
  const elapsedTicks = ((at - (before.self?.at ?? at)) * procfs.ticksPerSecond) / 1000
  const total = (cpu?.total ?? 0) - (before.cpu?.total ?? 0)
  const idle = (cpu?.idle ?? 0) - (before.cpu?.idle ?? 0)
  return {
    usage: { ...usage(), at },
    ...(self === undefined ? {} : { self: { ...self, at, fraction: ratio(selfTicks, elapsedTicks) } }),
    ...(cpu === undefined ? {} : { cpu: { ...cpu, at, fraction: ratio(total - idle, total) } })
  }
}

/** Counters of the disks at the sample before. */
interface DiskCounters {
  readonly at: number
  readonly read: number
  readonly written: number
  readonly busy: number
}

const readMemoryAndDisk = (
  before: DiskCounters | undefined,
  devices: ReadonlyArray<string>,
  at: number
): { readonly sample: SystemSample; readonly counters: DiskCounters } => {
  const memory = procfs.parseMemory(read("/proc/meminfo"))
  const busy = devices.length === 0 ? 0 : procfs.parseDiskBusy(read("/proc/diskstats"), devices)
  const counters = { at, busy, ...procfs.parsePaging(read("/proc/vmstat")) }
  const since = before ?? counters
  const seconds = (at - since.at) / 1000
  const disk = {
    at,
    readKBps: ratio(counters.read - since.read, seconds),
    writeKBps: ratio(counters.written - since.written, seconds),
    busyFraction: Math.min(1, ratio(busy - since.busy, seconds * 1000))
  }
  return { sample: { disk, ...(memory === undefined ? {} : { memory: { ...memory, at } }) }, counters }
}

const readMachine = (at: number): SystemSample => {
  const load = procfs.parseLoad(read("/proc/uptime"), read("/proc/loadavg"))
  const network = procfs.parseNetwork(read("/proc/net/dev"), publicInterfaces())
  const sockets = procfs.parseSockets(read("/proc/net/sockstat"), read("/proc/net/snmp"))
  return {
    ...(load === undefined ? {} : { load: { ...load, at } }),
    network: { ...network, at },
    sockets: { ...sockets, at }
  }
}

/** A group that this system does not have stays as it was: absent. */
const group = <A>(readGroup: () => A): Effect.Effect<A | undefined> =>
  Effect.orElseSucceed(Effect.try(readGroup), () => undefined)

/** The samples so far. `next` takes one more. */
export class SystemReader {
  sample: SystemSample = {}
  #disk: DiskCounters | undefined
  #count = 0

  readonly next = (at: number, devices: ReadonlyArray<string>): Effect.Effect<void> =>
    Effect.gen({ self: this }, function* () {
      const count = this.#count++
      const parts = [yield* group(() => readProcess(this.sample, at))]
      if (count % 2 === 0) {
        const read = yield* group(() => readMemoryAndDisk(this.#disk, devices, at))
        this.#disk = read?.counters
        parts.push(read?.sample)
      }
      if (count % 3 === 0) parts.push(yield* group(() => readMachine(at)))
      for (const part of parts) this.sample = { ...this.sample, ...part }
    })
}
