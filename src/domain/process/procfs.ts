/** What Linux tells of processes in `/proc` (proc(5)). */

/** Clock ticks a second in `/proc`: USER_HZ, 100 on every Linux that these runtimes exist for. */
const ticksPerSecond = 100

/** When a process started, in milliseconds of the epoch, of `/proc/<pid>/stat` and `/proc/stat`. */
export const startMillis = (processStat: string, systemStat: string): number | undefined => {
  // The second field is a name in parentheses that may itself hold spaces and parentheses.
  const fields = processStat.slice(processStat.lastIndexOf(")") + 2).split(" ")
  const ticks = Number(fields[19])
  const bootSeconds = Number(/^btime ([0-9]+)$/m.exec(systemStat)?.[1])
  const millis = bootSeconds * 1000 + (ticks * 1000) / ticksPerSecond
  return fields.length > 19 && Number.isFinite(millis) ? millis : undefined
}

/** The soft limit of open files, of `/proc/self/limits`; Infinity for none. */
export const openFilesLimit = (limits: string): number | undefined => {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
  if (soft === "unlimited") return Infinity
  const limit = Number(soft)
  return soft !== undefined && Number.isSafeInteger(limit) ? limit : undefined
}

/** Whether `/proc/1/cgroup` is that of a Docker container, by SRS's test. */
export const isDocker = (cgroup: string): boolean => cgroup.includes("/docker")
