/** A disk in memory that can be full, read-only, broken or stuck. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"

export type DiskCall = "writeFile" | "rename" | "readFile" | "remove" | "makeDirectory"
/** `stuck`: the call never returns. */
export type Fault = "NotFound" | "PermissionDenied" | "WriteZero" | "stuck"

export class MemoryDisk {
  readonly files = new Map<string, Uint8Array>()
  readonly folders = new Set<string>([""])
  /** What goes wrong with a call. */
  fault: (call: DiskCall, path: string) => Fault | undefined = () => undefined
  calls = 0

  text(path: string): string {
    return new TextDecoder().decode(this.files.get(path))
  }

  readonly layer = Layer.succeed(
    FileSystem.FileSystem,
    FileSystem.makeNoop({
      makeDirectory: (path) =>
        this.#call("makeDirectory", path, () => {
          const parts = path.split("/")
          for (let i = 1; i <= parts.length; i++) this.folders.add(parts.slice(0, i).join("/"))
        }),
      writeFile: (path, bytes) =>
        this.#call("writeFile", path, () => {
          if (!this.folders.has(path.slice(0, path.lastIndexOf("/")))) return missing("writeFile", path)
          this.files.set(path, bytes)
          return undefined
        }),
      rename: (from, to) =>
        this.#call("rename", from, () => {
          const bytes = this.files.get(from)
          if (bytes === undefined) return missing("rename", from)
          this.files.delete(from)
          this.files.set(to, bytes)
          return undefined
        }),
      remove: (path) =>
        this.#call("remove", path, () => (this.files.delete(path) ? undefined : missing("remove", path))),
      readFile: (path) =>
        Effect.flatMap(
          this.#call("readFile", path, () => (this.files.has(path) ? undefined : missing("readFile", path))),
          () => Effect.succeed(this.files.get(path)!)
        )
    })
  )

  #call(
    call: DiskCall,
    path: string,
    act: () => PlatformError.PlatformError | undefined | void
  ): Effect.Effect<void, PlatformError.PlatformError> {
    return Effect.suspend(() => {
      this.calls++
      const fault = this.fault(call, path)
      if (fault === "stuck") return Effect.never
      const error = fault === undefined ? act() : failure(fault, call, path)
      return error === undefined ? Effect.void : Effect.fail(error)
    })
  }
}

const failure = (_tag: Exclude<Fault, "stuck">, method: DiskCall, path: string): PlatformError.PlatformError =>
  PlatformError.systemError({ _tag, module: "FileSystem", method, pathOrDescriptor: path })

const missing = (method: DiskCall, path: string) => failure("NotFound", method, path)
