/** A disk, as far as segments need one, with the callbacks of `node:fs`: an Effect for each step cost more than the step. */
import * as Fs from "node:fs"

/** Names what failed as `node:fs` does: `ENOENT`, `ENOSPC`. */
export interface DiskError {
  readonly code?: string | undefined
  readonly message: string
}

export type Done = (error: DiskError | null) => void

export interface Disk {
  readonly writeFile: (path: string, bytes: Uint8Array, done: Done) => void
  readonly rename: (from: string, to: string, done: Done) => void
  readonly unlink: (path: string, done: Done) => void
  /** With all folders above it. */
  readonly mkdir: (path: string, done: Done) => void
  readonly readFile: (path: string, done: (error: DiskError | null, bytes?: Uint8Array) => void) => void
}

export const isMissing = (error: DiskError | null): boolean => error?.code === "ENOENT"

export const nodeDisk: Disk = {
  writeFile: (path, bytes, done) => Fs.writeFile(path, bytes, done),
  rename: (from, to, done) => Fs.rename(from, to, done),
  unlink: (path, done) => Fs.unlink(path, done),
  mkdir: (path, done) => Fs.mkdir(path, { recursive: true }, (error) => done(error)),
  readFile: (path, done) => Fs.readFile(path, done)
}
