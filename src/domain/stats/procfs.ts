/** What Linux tells of the machine and of this process in `/proc` (proc(5)), for SRS's statistics. Total: text in, values out. */

/** Clock ticks a second in `/proc`. */
export const ticksPerSecond = 100

const numbers = (text: string): ReadonlyArray<number> => text.trim().split(/\s+/).map(Number)

const field = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)

/** Names of the fields of `/proc/self/stat` behind the state. */
export const selfStatFields = [
  "ppid",
  "pgrp",
  "session",
  "tty_nr",
  "tpgid",
  "flags",
  "minflt",
  "cminflt",
  "majflt",
  "cmajflt",
  "utime",
  "stime",
  "cutime",
  "cstime",
  "priority",
  "nice",
  "num_threads",
  "itrealvalue",
  "starttime",
  "vsize",
  "rss",
  "rsslim",
  "startcode",
  "endcode",
  "startstack",
  "kstkesp",
  "kstkeip",
  "signal",
  "blocked",
  "sigignore",
  "sigcatch",
  "wchan",
  "nswap",
  "cnswap",
  "exit_signal",
  "processor",
  "rt_priority",
  "policy",
  "delayacct_blkio_ticks",
  "guest_time",
  "cguest_time"
] as const

export interface SelfStat {
  readonly pid: number
  /** With its parentheses. */
  readonly comm: string
  readonly state: string
  /** By `selfStatFields`, as 64-bit integers with sign. */
  readonly values: ReadonlyArray<bigint>
  /** User and system time, ticks. */
  readonly ticks: number
}

/** Of `/proc/self/stat`. */
export const parseSelfStat = (text: string): SelfStat | undefined => {
  const shape = /^(\d+) (\([^]*\)) (\S) ([-\d ]+)/.exec(text)
  if (shape === null) return undefined
  const [, pid, comm, state, rest] = shape
  const values = rest
    .trim()
    .split(" ")
    .slice(0, selfStatFields.length)
    .map((digits) => BigInt.asIntN(64, BigInt(/^-?\d{1,20}$/.test(digits) ? digits : 0)))
  if (values.length < selfStatFields.length) return undefined
  const at = selfStatFields.indexOf("utime")
  return { pid: Number(pid), comm, state, values, ticks: Number(values[at] + values[at + 1]) }
}

/** Names of the numbers in the first line of `/proc/stat`. */
export const cpuFields = ["user", "nice", "sys", "idle", "iowait", "irq", "softirq", "steal", "guest"] as const

export interface CpuStat {
  /** By `cpuFields`, ticks of all processors. */
  readonly values: ReadonlyArray<number>
  readonly idle: number
  readonly total: number
  readonly processors: number
}

/** Of `/proc/stat`. */
export const parseCpuStat = (text: string): CpuStat | undefined => {
  const line = /^cpu +([\d ]+)$/m.exec(text)?.[1]
  if (line === undefined) return undefined
  const values = cpuFields.map((_, index) => numbers(line)[index] ?? 0)
  // Guest time is part of user time.
  const total = values.slice(0, -1).reduce((sum, value) => sum + value, 0)
  return { values, idle: values[3], total, processors: text.match(/^cpu\d+ /gm)?.length ?? 0 }
}

/** Kilobytes, and what SRS makes of them. */
export interface MemoryStat {
  readonly total: number
  readonly free: number
  readonly buffers: number
  readonly cached: number
  readonly swapTotal: number
  readonly swapFree: number
  readonly active: number
  readonly realInUse: number
  readonly notInUse: number
  /** 0 to 1. */
  readonly ramFraction: number
  readonly swapFraction: number
}

/** Of `/proc/meminfo`. */
export const parseMemory = (text: string): MemoryStat | undefined => {
  const kilobytes = (name: string) => field(text, new RegExp(`^${name}: +(\\d+)`, "m"))
  const [total, free, buffers, cached] = [
    kilobytes("MemTotal"),
    kilobytes("MemFree"),
    kilobytes("Buffers"),
    kilobytes("Cached")
  ]
  if (total === 0) return undefined
  const [swapTotal, swapFree] = [kilobytes("SwapTotal"), kilobytes("SwapFree")]
  const active = total - free
  const realInUse = active - buffers - cached
  return {
    total,
    free,
    buffers,
    cached,
    swapTotal,
    swapFree,
    active,
    realInUse,
    notInUse: total - realInUse,
    ramFraction: realInUse / total,
    swapFraction: swapTotal > 0 ? (swapTotal - swapFree) / swapTotal : 0
  }
}

/** Kilobytes read from and written to disks since boot, of `/proc/vmstat`. */
export const parsePaging = (text: string): { readonly read: number; readonly written: number } => ({
  read: field(text, /^pgpgin (\d+)/m),
  written: field(text, /^pgpgout (\d+)/m)
})

/** Milliseconds since boot in which the busiest of the devices had work, of `/proc/diskstats`. */
export const parseDiskBusy = (text: string, devices: ReadonlyArray<string>): number => {
  let busiest = 0
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/)
    if (devices.includes(fields[2] ?? "")) busiest = Math.max(busiest, Number(fields[12] ?? 0))
  }
  return busiest
}

export interface LoadStat {
  /** Seconds since boot, and those of all processors in which nothing was to do. */
  readonly uptime: number
  readonly idle: number
  readonly load: readonly [oneMinute: number, fiveMinutes: number, fifteenMinutes: number]
}

/** Of `/proc/uptime` and `/proc/loadavg`. */
export const parseLoad = (uptimeText: string, loadText: string): LoadStat | undefined => {
  const [uptime, idle] = numbers(uptimeText)
  const [one, five, fifteen] = numbers(loadText.split(" ").slice(0, 3).join(" "))
  if (!(uptime >= 0) || !(fifteen >= 0)) return undefined
  return { uptime, idle, load: [one, five, fifteen] }
}

/** Bytes since boot over interfaces with a public address, and over all others. */
export interface NetworkStat {
  readonly publicIn: number
  readonly publicOut: number
  readonly privateIn: number
  readonly privateOut: number
}

/** Of `/proc/net/dev`. */
export const parseNetwork = (text: string, publicInterfaces: ReadonlySet<string>): NetworkStat => {
  const sums = { publicIn: 0, publicOut: 0, privateIn: 0, privateOut: 0 }
  for (const [, name, rest] of text.matchAll(/^ *([^\s:]+): *([\d ]+)$/gm)) {
    const values = numbers(rest)
    const kind = publicInterfaces.has(name) ? "public" : "private"
    sums[`${kind}In`] += values[0] ?? 0
    sums[`${kind}Out`] += values[8] ?? 0
  }
  return sums
}

export interface SocketStat {
  /** TCP sockets in all, established, in TIME_WAIT, and UDP sockets, of the whole machine. */
  readonly all: number
  readonly established: number
  readonly timeWait: number
  readonly udp: number
}

/** Of `/proc/net/sockstat` and `/proc/net/snmp`. */
export const parseSockets = (sockstat: string, snmp: string): SocketStat => {
  const timeWait = field(sockstat, /^TCP:.* tw (\d+)/m)
  const [names = "", values = ""] = snmp.match(/^Tcp:.*$/gm) ?? []
  return {
    all: field(sockstat, /^TCP:.* alloc (\d+)/m) + timeWait,
    established: Number(values.split(" ")[names.split(" ").indexOf("CurrEstab")] ?? 0),
    timeWait,
    udp: field(sockstat, /^UDP: inuse (\d+)/m)
  }
}

/** Neither of this machine nor of a private network (RFC 1918, 3927, 6598, 4193, 4291). */
export const isPublicAddress = (address: string): boolean =>
  !/^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
    address
  ) && !/^(?:::1?$|f[cd]|fe[89ab])/i.test(address)
