/** What the process finds around it, and where it stands. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { isDocker, openFilesLimit } from "../../domain/process/procfs.ts"
import { makeServerId, serverIdPath } from "../../domain/process/serverId.ts"
import { ProcessControl } from "../../services/ProcessControl.ts"
import { background } from "../telemetry/background.ts"

export class WorkDirectoryFailed extends Data.TaggedError("WorkDirectoryFailed")<{
  readonly path: string
  readonly reason: string
}> {
  readonly code = srsErrors.ConfigInvalid
  override get message() {
    return `cannot change to work_dir ${this.path}: ${this.reason}`
  }
}

/** `asprocess on` without a parent to live with. */
export class NoParent extends Data.TaggedError("NoParent")<{}> {
  readonly code = srsErrors.SystemAsProcess
  override get message() {
    return "asprocess needs a parent process, and the parent is init"
  }
}

/** The text of a small file, empty if it cannot be read. */
const readText = (file: string): Effect.Effect<string> =>
  Effect.try(() => fs.readFileSync(file, "utf8")).pipe(Effect.orElseSucceed(() => ""))

/** Before any other relative path is used. Empty and `./` leave the process where it is. */
export const changeWorkDirectory = (directory: string): Effect.Effect<void, WorkDirectoryFailed> =>
  directory === "" || directory === "./"
    ? Effect.void
    : Effect.try({
        try: () => process.chdir(directory),
        catch: (cause) => new WorkDirectoryFailed({ path: directory, reason: String(cause) })
      })

/**
 * The server's id: the one configured, else the one in the file beside the pid file, else a new one. Written to that
 * file, so that it is the same after a restart; where it cannot be written it lasts as long as the process.
 */
export const serverId = Effect.fnUntraced(function* (configured: string, pidPath: string) {
  const random = yield* Random.Random
  const file = serverIdPath(pidPath)
  const id = configured || (yield* readText(file)).trim() || makeServerId(() => random.nextDoubleUnsafe())
  yield* Effect.ignore(
    Effect.try(() => {
      fs.mkdirSync(path.dirname(file), { recursive: true })
      fs.writeFileSync(file, id)
    })
  )
  return id
})

/** Inside a Docker container, by the control group of process 1. */
export const insideDocker: Effect.Effect<boolean> = Effect.map(readText("/proc/1/cgroup"), isDocker)

/**
 * How many files and sockets this process may open; undefined where the system does not say. Bun, Deno and Node raise
 * the soft limit to the hard one when they start, so there is nothing left to raise.
 */
export const descriptorLimit: Effect.Effect<number | undefined> = Effect.map(
  readText("/proc/self/limits"),
  openFilesLimit
)

/** `asprocess on`: quits when the parent that started the process is gone. */
export const followParent: Effect.Effect<void, NoParent, Scope.Scope> = Effect.gen(function* () {
  const parent = process.ppid
  if (parent === 1) return yield* new NoParent()
  const control = yield* ProcessControl
  const look = Effect.suspend(() =>
    process.ppid === parent
      ? Effect.void
      : Effect.logWarning("parent process gone").pipe(
          Effect.annotateLogs("error.code", srsErrors.SystemAsProcess),
          Effect.andThen(control.quit)
        )
  )
  yield* look.pipe(Effect.repeat(Schedule.spaced("1 second")), background("asprocess", { fatal: false }))
})
