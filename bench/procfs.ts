/** CPU time and memory of a process and its descendants, from Linux's /proc (proc(5)). */
import { readdirSync, readFileSync } from "node:fs"

/** `getconf CLK_TCK`: 100 on every Linux of today. */
const ticksPerSecond = 100

export interface ProcessTimes {
  readonly pid: number
  readonly parent: number
  /** User and system time, its own and that of ended children. */
  readonly cpuSeconds: number
}

/** `/proc/PID/stat`. The name, field 2, is in parentheses and may itself hold spaces and parentheses. */
export const parseStat = (text: string): ProcessTimes => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid: Number.parseInt(text, 10), parent: Number(fields[1]), cpuSeconds: ticks / ticksPerSecond }
}

/** `/proc/PID/status`, in bytes. */
export const parseStatus = (text: string): { readonly resident: number; readonly residentPeak: number } => {
  const kilobytes = (key: string) => Number(text.match(new RegExp(`^${key}:\\s+(\\d+) kB`, "m"))?.[1] ?? 0)
  return { resident: kilobytes("VmRSS") * 1024, residentPeak: kilobytes("VmHWM") * 1024 }
}

/** The process and its descendants. */
export const descendants = (all: ReadonlyArray<ProcessTimes>, root: number): ReadonlyArray<ProcessTimes> => {
  const family = new Set([root])
  // A child's number may be lower than its parent's once numbers have wrapped: repeat until nothing is added.
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const { parent, pid } of all) if (family.has(parent)) family.add(pid)
  }
  return all.filter(({ pid }) => family.has(pid))
}

/** A file of a process, which may end at any time. */
const read = (pid: number | string, file: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch {
    return undefined
  }
}

export interface Usage {
  readonly cpuSeconds: number
  readonly resident: number
  readonly residentPeak: number
}

export const usageOf = (root: number): Usage => {
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(pid, "stat"))
  const family = descendants(stats.filter((text) => text !== undefined).map(parseStat), root)
  const memory = family.map(({ pid }) => parseStatus(read(pid, "status") ?? ""))
  return {
    cpuSeconds: family.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    resident: memory.reduce((sum, { resident }) => sum + resident, 0),
    residentPeak: memory.reduce((sum, { residentPeak }) => sum + residentPeak, 0)
  }
}
