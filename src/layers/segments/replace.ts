/** Whole files on disk, through a temporary name: readers see the whole file or nothing. */
import { type Disk, type DiskError, type Done, isMissing } from "./Disk.ts"

const temporary = (path: string): string => `${path}.tmp`

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/** Nothing happens to a file that nobody waits for any more. */
export const givenUp: DiskError = { message: "given up" }

/** What is to be done before a new file takes its place: `then` goes on. */
export type BeforeRename = (then: () => void) => void

const atOnce: BeforeRename = (then) => then()

const attempt = (
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  done: Done,
  isOpen: () => boolean,
  before: BeforeRename
): void =>
  disk.writeFile(temporary(path), bytes, (error) => {
    if (error !== null || !isOpen()) return done(error ?? givenUp)
    before(() => (isOpen() ? disk.rename(temporary(path), path, done) : done(givenUp)))
  })

/** The folder is there but for the first time, or after somebody has removed it. */
export const replace = (
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  done: Done,
  isOpen: () => boolean,
  before = atOnce
): void => {
  const end: Done = (error) => {
    if (error !== null) disk.unlink(temporary(path), () => undefined)
    done(error)
  }
  const first: Done = (error) => {
    if (!isMissing(error) || !isOpen()) return end(error)
    disk.mkdir(folderOf(path), (failure) =>
      failure === null ? attempt(disk, path, bytes, end, isOpen, before) : end(failure)
    )
  }
  attempt(disk, path, bytes, first, isOpen, before)
}
