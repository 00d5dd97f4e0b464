/**
 * A list on disk, which is written with each segment. What it replaces is kept under a hidden name, by a hard link, and
 * takes the bytes of the time after: making a file and deleting one each time costs more than all else, and makes file
 * systems write at once what is replaced again in seconds.
 */
import { type Disk, type DiskError, type Done, isMissing } from "./Disk.ts"
import { givenUp, replace } from "./replace.ts"

/** Who has opened the list before it was replaced has at least so long to read it. */
export const readMillis = 1000

interface Spare {
  readonly path: string
  readonly length: number
  /** Clock, milliseconds. */
  readonly replacedAt: number
}

/** Two, in turns: one has the new bytes while the other gets what they replace. */
const hiddenNames = (path: string): readonly [string, string] => {
  const at = path.lastIndexOf("/") + 1
  const hidden = `${path.slice(0, at)}.${path.slice(at)}`
  return [`${hidden}.0`, `${hidden}.1`]
}

export class DiskList {
  readonly #disk: Disk
  readonly #path: string
  readonly #hidden: readonly [string, string]
  readonly #now: () => number
  #spare: Spare | undefined
  /** Of what is there now. */
  #length = Number.POSITIVE_INFINITY

  constructor(disk: Disk, path: string, now: () => number) {
    this.#disk = disk
    this.#path = path
    this.#hidden = hiddenNames(path)
    this.#now = now
  }

  write(bytes: Uint8Array, done: Done, isOpen: () => boolean): void {
    const spare = this.#takeSpare()
    if (spare === undefined) return this.#replace(bytes, done, isOpen)
    const disk = this.#disk
    const other = this.#hidden[spare.path === this.#hidden[0] ? 1 : 0]
    let kept: string | undefined
    let failed: DiskError | null = null
    const end: Done = (error) => {
      if (error !== null) {
        disk.unlink(spare.path, () => undefined)
        if (kept !== undefined) disk.unlink(kept, () => undefined)
      }
      done(error)
    }
    let left = 2
    const next = (): void => {
      if (--left > 0) return
      // Somebody has removed it, or the whole folder.
      if (isMissing(failed) && isOpen()) return this.#replace(bytes, done, isOpen)
      if (failed !== null || !isOpen()) return end(failed ?? givenUp)
      disk.rename(spare.path, this.#path, (error) => {
        if (error === null) this.#replaced(kept, bytes.length, isOpen())
        end(error)
      })
    }
    // Begun together: the second of two calls wakes none of the runtime's threads.
    disk.overwrite(spare.path, bytes, spare.length, (error) => {
      failed = error
      next()
    })
    this.#keep(other, (name) => {
      kept = name
      next()
    })
  }

  /** The hidden ones too, also those of an earlier process. */
  remove(done: Done): void {
    this.#spare = undefined
    for (const name of this.#hidden) this.#disk.unlink(name, () => undefined)
    this.#disk.unlink(this.#path, (error) => done(isMissing(error) ? null : error))
  }

  /** Whatever becomes of this call, no other one has the same. */
  #takeSpare(): Spare | undefined {
    const spare = this.#spare
    if (spare === undefined || this.#now() - spare.replacedAt < readMillis) return undefined
    this.#spare = undefined
    return spare
  }

  /** By a new file. */
  #replace(bytes: Uint8Array, done: Done, isOpen: () => boolean): void {
    let kept: string | undefined
    const end: Done = (error) => {
      if (error === null) this.#replaced(kept, bytes.length, isOpen())
      done(error)
    }
    replace(this.#disk, this.#path, bytes, end, isOpen, (then) =>
      this.#keep(this.#hidden[0], (name) => {
        kept = name
        then()
      })
    )
  }

  /** Gives what is there the name too; tells `undefined` where there is nothing, or no way. */
  #keep(name: string, done: (name: string | undefined) => void): void {
    if (this.#spare !== undefined) return done(undefined)
    this.#disk.link(this.#path, name, (error) => {
      if (error === null) return done(name)
      // Not every file system has hard links.
      if (error.code !== "EEXIST") return done(undefined)
      // An earlier process has left it: the next time there is room.
      this.#disk.unlink(name, () => done(undefined))
    })
  }

  /** `isCertain`: another call may have replaced the list since this one was given up. */
  #replaced(kept: string | undefined, length: number, isCertain: boolean): void {
    if (!isCertain) this.#spare = undefined
    else if (kept !== undefined) this.#spare = { path: kept, length: this.#length, replacedAt: this.#now() }
    this.#length = isCertain ? length : Number.POSITIVE_INFINITY
  }
}
