/** The state of process and machine, as sampled: each group apart, absent until it could be read. */
import type { CpuStat, LoadStat, MemoryStat, NetworkStat, SelfStat, SocketStat } from "./procfs.ts"

/** getrusage(2), in its order. Times in seconds, `maxrss` in kilobytes. */
export interface Usage {
  readonly utime: number
  readonly stime: number
  readonly maxrss: number
  readonly ixrss: number
  readonly idrss: number
  readonly isrss: number
  readonly minflt: number
  readonly majflt: number
  readonly nswap: number
  readonly inblock: number
  readonly oublock: number
  readonly msgsnd: number
  readonly msgrcv: number
  readonly nsignals: number
  readonly nvcsw: number
  readonly nivcsw: number
}

export interface DiskStat {
  readonly readKBps: number
  readonly writeKBps: number
  /** 0 to 1. */
  readonly busyFraction: number
}

/** Epoch milliseconds of when it was read. */
export interface Sampled {
  readonly at: number
}

export interface SystemSample {
  readonly usage?: Usage & Sampled
  /** `fraction` of one processor since the sample before. */
  readonly self?: SelfStat & Sampled & { readonly fraction: number }
  /** `fraction` of all processors. */
  readonly cpu?: CpuStat & Sampled & { readonly fraction: number }
  readonly memory?: MemoryStat & Sampled
  readonly disk?: DiskStat & Sampled
  readonly load?: LoadStat & Sampled
  readonly network?: NetworkStat & Sampled
  readonly sockets?: SocketStat & Sampled
}

/** All groups are there. */
export const isComplete = (sample: SystemSample): sample is Required<SystemSample> =>
  sample.usage !== undefined &&
  sample.self !== undefined &&
  sample.cpu !== undefined &&
  sample.memory !== undefined &&
  sample.disk !== undefined &&
  sample.load !== undefined &&
  sample.network !== undefined &&
  sample.sockets !== undefined
