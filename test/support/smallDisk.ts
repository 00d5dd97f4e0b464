/** A disk of its own for a test: a tmpfs of few megabytes. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const run = (...command: ReadonlyArray<string>): boolean =>
  Bun.spawnSync([...command], { stdout: "ignore", stderr: "ignore" }).success

export interface SmallDisk extends Disposable {
  readonly path: string
  readonly remount: (options: string) => void
}

export const smallDisk = (megabytes: number): SmallDisk => {
  const path = mkdtempSync(join(tmpdir(), "sluice-disk-"))
  if (!run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "sluice", path)) {
    rmSync(path, { recursive: true })
    throw new Error("no tmpfs can be mounted here")
  }
  return {
    path,
    remount: (options) => {
      if (!run("mount", "-o", `remount,${options}`, path)) throw new Error(`not remounted: ${options}`)
    },
    [Symbol.dispose]: () => {
      // Lazy: a server that was killed may hold a file for a moment more.
      run("umount", "-l", path)
      rmSync(path, { recursive: true })
    }
  }
}

/** Mounting is for root, and not in every container. */
export const canMount = ((): boolean => {
  try {
    smallDisk(1)[Symbol.dispose]()
    return true
  } catch {
    return false
  }
})()
