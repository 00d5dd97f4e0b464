/** Where servers keep the files of a run: in memory if there is room, so that no file system's state is in the figures. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const memory = "/dev/shm"
/** `TMPFS_MAGIC` of `linux/magic.h`. */
const tmpfsType = 0x01021994
/** Four times what 500 streams of HLS have on disk. */
const roomBytes = 1024 * 1024 * 1024

const isTmpfs = (path: string): boolean => statfsSync(path).type === tmpfsType

const hasRoom = (path: string): boolean => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize >= roomBytes
}

/** `TMPDIR` chooses another one. */
const parent =
  process.env["TMPDIR"] === undefined && existsSync(memory) && isTmpfs(memory) && hasRoom(memory) ? memory : tmpdir()

/** For titles. */
export const fileSystem = isTmpfs(parent) ? "tmpfs" : `the file system of ${parent}`

const made = new Set<string>()

// At the end, also after Ctrl-C: a file system that looks for inodes nobody had lately is slower where files were deleted.
process.on("exit", () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})

/** Removed at the end. */
export const makeFolder = (): string => {
  const folder = mkdtempSync(join(parent, "sluice-bench-"))
  made.add(folder)
  return folder
}
