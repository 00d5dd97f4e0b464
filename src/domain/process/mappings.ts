/** What a process has mapped (proc_pid_smaps(5)). */

export interface Mapping {
  /** Address and length, bytes. */
  readonly start: number
  readonly length: number
}

const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) +(.*)$/

/**
 * The parts of a file that a process can only read or run and has no copy of its own of: every page of them can be read
 * again from the file. What was written once, when the program was linked together, is a copy even where it can only be
 * read now.
 */
export const readOnlyMappings = (smaps: string, file: string): ReadonlyArray<Mapping> => {
  const found: Array<Mapping> = []
  let current: Mapping | undefined
  for (const line of smaps.split("\n")) {
    const head = header.exec(line)
    if (head !== null) {
      const [, from, to, permissions, , path] = head
      const start = Number.parseInt(from, 16)
      const isWanted = path === file && /^r-[-x]p$/.test(permissions)
      current = isWanted ? { start, length: Number.parseInt(to, 16) - start } : undefined
    } else if (current !== undefined && /^Anonymous: +0 kB$/.test(line)) {
      found.push(current)
    }
  }
  return found
}
