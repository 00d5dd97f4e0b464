/** A disk in memory that can be full, read-only, broken or stuck. */
import type { Disk, DiskError } from "../../src/layers/segments/Disk.ts"

export type DiskCall = "writeFile" | "link" | "rename" | "readFile" | "remove" | "makeDirectory"
/** `stuck`: the call never returns. */
export type Fault = "NotFound" | "NotSupported" | "PermissionDenied" | "WriteZero" | "stuck"

/** As `node:fs` names them. */
const codes = { NotFound: "ENOENT", NotSupported: "ENOTSUP", PermissionDenied: "EACCES", WriteZero: "ENOSPC" } as const

const failure = (fault: Exclude<Fault, "stuck">, call: DiskCall, path: string): DiskError => ({
  code: codes[fault],
  message: `${codes[fault]}: ${fault}, ${call} '${path}'`
})

export class MemoryDisk implements Disk {
  readonly files = new Map<string, Uint8Array>()
  readonly folders = new Set<string>([""])
  /** What goes wrong with a call. */
  fault: (call: DiskCall, path: string) => Fault | undefined = () => undefined
  calls = 0

  text(path: string): string {
    return new TextDecoder().decode(this.files.get(path))
  }

  readonly mkdir: Disk["mkdir"] = (path, done) =>
    this.#call("makeDirectory", path, done, () => {
      const parts = path.split("/")
      for (let i = 1; i <= parts.length; i++) this.folders.add(parts.slice(0, i).join("/"))
      return true
    })

  readonly writeFile: Disk["writeFile"] = (path, bytes, done) =>
    this.#call("writeFile", path, done, () => {
      if (!this.folders.has(path.slice(0, path.lastIndexOf("/")))) return false
      this.files.set(path, bytes.slice())
      return true
    })

  readonly overwrite: Disk["overwrite"] = (path, bytes, before, done) =>
    this.#call("writeFile", path, done, () => {
      const old = this.files.get(path)
      if (old === undefined) return false
      // As an operating system that cuts nothing off unless told.
      const tail = bytes.length < before ? [] : old.subarray(bytes.length)
      const all = Uint8Array.of(...bytes, ...tail)
      for (const [name, content] of this.files) if (content === old) this.files.set(name, all)
      return true
    })

  /** Both names have one array. */
  readonly link: Disk["link"] = (from, to, done) => {
    if (this.files.has(to)) return done({ code: "EEXIST", message: `EEXIST: ${to}` })
    this.#call("link", from, done, () => {
      const bytes = this.files.get(from)
      if (bytes !== undefined) this.files.set(to, bytes)
      return bytes !== undefined
    })
  }

  readonly rename: Disk["rename"] = (from, to, done) =>
    this.#call("rename", from, done, () => {
      const bytes = this.files.get(from)
      if (bytes === undefined) return false
      this.files.delete(from)
      this.files.set(to, bytes)
      return true
    })

  readonly unlink: Disk["unlink"] = (path, done) => this.#call("remove", path, done, () => this.files.delete(path))

  readonly readFile: Disk["readFile"] = (path, done) =>
    this.#call(
      "readFile",
      path,
      (error) => done(error, this.files.get(path)),
      () => this.files.has(path)
    )

  /** `act` is false where there is no such file or folder. */
  #call(call: DiskCall, path: string, done: (error: DiskError | null) => void, act: () => boolean): void {
    this.calls++
    const fault = this.fault(call, path)
    if (fault === "stuck") return
    if (fault !== undefined) return done(failure(fault, call, path))
    done(act() ? null : failure("NotFound", call, path))
  }
}
