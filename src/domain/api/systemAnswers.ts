/** Process and machine as SRS's API v1 shows them: the `data` of summaries, rusages, proc stats and meminfos. */
import type { OverloadLevel } from "../process/Overload.ts"
import { compatibleVersion } from "../Product.ts"
import { cpuFields, selfStatFields } from "../stats/procfs.ts"
import { isComplete, type SystemSample } from "../stats/SystemSample.ts"
import { float, type Json, type JsonObject } from "./Json.ts"

export interface ProcessFacts {
  readonly nowMillis: number
  readonly startedAt: number
  readonly pid: number
  readonly ppid: number
  readonly argv: string
  readonly cwd: string
  /** Clients of all kinds, and their bytes, as of `at`. */
  readonly connections: number
  readonly traffic: { readonly at: number; readonly bytesIn: number; readonly bytesOut: number }
  readonly overload: OverloadLevel
}

const selfSummary = ({ memory, self, usage }: SystemSample, facts: ProcessFacts): JsonObject => ({
  version: compatibleVersion,
  pid: facts.pid,
  ppid: facts.ppid,
  argv: facts.argv,
  cwd: facts.cwd,
  mem_kbyte: usage?.maxrss ?? 0,
  mem_percent: float((usage?.maxrss ?? 0) / (memory?.total ?? Infinity)),
  cpu_percent: float(self?.fraction ?? 0),
  srs_uptime: (facts.nowMillis - facts.startedAt) / 1000,
  // Beyond SRS, and only where there is something to say.
  ...(facts.overload === "none" ? {} : { circuit_breaker: facts.overload })
})

const systemSummary = (
  { cpu, disk, load, memory, network, sockets }: SystemSample,
  { connections, traffic }: ProcessFacts
): JsonObject => ({
  cpu_percent: float(cpu?.fraction ?? 0),
  disk_read_KBps: disk?.readKBps ?? 0,
  disk_write_KBps: disk?.writeKBps ?? 0,
  disk_busy_percent: float(disk?.busyFraction ?? 0),
  mem_ram_kbyte: memory?.total ?? 0,
  mem_ram_percent: float(memory?.ramFraction ?? 0),
  mem_swap_kbyte: memory?.swapTotal ?? 0,
  mem_swap_percent: float(memory?.swapFraction ?? 0),
  cpus: cpu?.processors ?? 0,
  cpus_online: cpu?.processors ?? 0,
  uptime: float(load?.uptime ?? 0),
  ilde_time: float(load?.idle ?? 0),
  load_1m: float(load?.load[0] ?? 0),
  load_5m: float(load?.load[1] ?? 0),
  load_15m: float(load?.load[2] ?? 0),
  net_sample_time: network?.at ?? 0,
  net_recv_bytes: network?.publicIn ?? 0,
  net_send_bytes: network?.publicOut ?? 0,
  net_recvi_bytes: network?.privateIn ?? 0,
  net_sendi_bytes: network?.privateOut ?? 0,
  srs_sample_time: traffic.at,
  srs_recv_bytes: traffic.bytesIn,
  srs_send_bytes: traffic.bytesOut,
  conn_sys: sockets?.all ?? 0,
  conn_sys_et: sockets?.established ?? 0,
  conn_sys_tw: sockets?.timeWait ?? 0,
  conn_sys_udp: sockets?.udp ?? 0,
  conn_srs: connections
})

export const summariesData = (sample: SystemSample, facts: ProcessFacts): JsonObject => ({
  ok: isComplete(sample),
  now_ms: facts.nowMillis,
  self: selfSummary(sample, facts),
  system: systemSummary(sample, facts)
})

export const rusagesData = ({ usage }: SystemSample): JsonObject => ({
  ok: usage !== undefined,
  sample_time: usage?.at ?? 0,
  ru_utime: usage?.utime ?? 0,
  ru_stime: usage?.stime ?? 0,
  ru_maxrss: usage?.maxrss ?? 0,
  ru_ixrss: usage?.ixrss ?? 0,
  ru_idrss: usage?.idrss ?? 0,
  ru_isrss: usage?.isrss ?? 0,
  ru_minflt: usage?.minflt ?? 0,
  ru_majflt: usage?.majflt ?? 0,
  ru_nswap: usage?.nswap ?? 0,
  ru_inblock: usage?.inblock ?? 0,
  ru_oublock: usage?.oublock ?? 0,
  ru_msgsnd: usage?.msgsnd ?? 0,
  ru_msgrcv: usage?.msgrcv ?? 0,
  ru_nsignals: usage?.nsignals ?? 0,
  ru_nvcsw: usage?.nvcsw ?? 0,
  ru_nivcsw: usage?.nivcsw ?? 0
})

export const selfStatData = ({ self }: SystemSample): JsonObject => {
  const data: Record<string, Json> = {
    ok: self !== undefined,
    sample_time: self?.at ?? 0,
    percent: float(self?.fraction ?? 0),
    pid: self?.pid ?? 0,
    comm: self?.comm ?? "",
    state: self?.state ?? ""
  }
  for (const [index, name] of selfStatFields.entries()) data[name] = self?.values[index] ?? 0
  return data
}

export const cpuStatData = ({ cpu }: SystemSample): JsonObject => {
  const data: Record<string, Json> = {
    ok: cpu !== undefined,
    sample_time: cpu?.at ?? 0,
    percent: float(cpu?.fraction ?? 0)
  }
  for (const [index, name] of cpuFields.entries()) data[name] = cpu?.values[index] ?? 0
  return data
}

export const meminfosData = ({ memory }: SystemSample): JsonObject => ({
  ok: memory !== undefined,
  sample_time: memory?.at ?? 0,
  percent_ram: float(memory?.ramFraction ?? 0),
  percent_swap: float(memory?.swapFraction ?? 0),
  MemActive: memory?.active ?? 0,
  RealInUse: memory?.realInUse ?? 0,
  NotInUse: memory?.notInUse ?? 0,
  MemTotal: memory?.total ?? 0,
  MemFree: memory?.free ?? 0,
  Buffers: memory?.buffers ?? 0,
  Cached: memory?.cached ?? 0,
  SwapTotal: memory?.swapTotal ?? 0,
  SwapFree: memory?.swapFree ?? 0
})
