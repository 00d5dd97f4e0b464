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
  /** Of a file that is there and has `before` bytes, at most: it has these after that. */
  readonly overwrite: (path: string, bytes: Uint8Array, before: number, done: Done) => void
  /** A second name for the same file. */
  readonly link: (from: string, to: string, done: Done) => void
  readonly rename: (from: string, to: string, done: Done) => void
  readonly unlink: (path: string, done: Done) => void
  /** With all folders above it. */
  readonly mkdir: (path: string, done: Done) => void
  readonly readFile: (path: string, done: (error: DiskError | null, bytes?: Uint8Array) => void) => void
}

export const isMissing = (error: DiskError | null): boolean => error?.code === "ENOENT"

export const nodeDisk: Disk = {
  writeFile: (path, bytes, done) => Fs.writeFile(path, bytes, done),
  overwrite: (path, bytes, before, done) =>
    Fs.writeFile(path, bytes, { flag: "r+" }, (error) =>
      error === null && bytes.length < before ? Fs.truncate(path, bytes.length, done) : done(error)
    ),
  link: (from, to, done) => Fs.link(from, to, done),
  rename: (from, to, done) => Fs.rename(from, to, done),
  unlink: (path, done) => Fs.unlink(path, done),
  mkdir: (path, done) => Fs.mkdir(path, { recursive: true }, (error) => done(error)),
  readFile: (path, done) => Fs.readFile(path, done)
}
