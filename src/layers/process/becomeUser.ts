/** `user`: a server that was started by root to listen on low ports is root no longer once it does. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { findGroup, findUser, type UserEntry } from "../../domain/process/userEntry.ts"

export class UserFailed extends Data.TaggedError("UserFailed")<{ readonly user: string; readonly reason: string }> {
  readonly code = 1
  override get message() {
    return `cannot become user ${this.user}: ${this.reason}`
  }
}

const read = (file: string) =>
  Effect.orElseSucceed(
    Effect.try(() => fs.readFileSync(file, "utf8")),
    () => ""
  )

/** Missing in the types. */
interface WithGroups {
  readonly initgroups?: (user: string, gid: number) => void
}

interface DenoFfi {
  readonly dlopen: (
    name: string,
    symbols: object
  ) => { readonly symbols: { readonly initgroups: (name: Uint8Array, gid: number) => number } }
}

/** Root's other groups must not stay. Deno has no call for them. */
const setGroups = ({ name }: UserEntry, gid: number): void => {
  const { initgroups } = process as unknown as WithGroups
  if (initgroups !== undefined) return initgroups(name, gid)
  const deno = (globalThis as unknown as { readonly Deno: DenoFfi }).Deno
  const symbols = { initgroups: { parameters: ["buffer", "u32"], result: "i32" } }
  if (deno.dlopen("libc.so.6", symbols).symbols.initgroups(Buffer.from(`${name}\0`), gid) !== 0) {
    throw new Error("initgroups failed")
  }
}

/** What the server writes on as that user; made where it is missing. Opening one that is there would drop its lock. */
const give = (file: string, uid: number, gid: number): void => {
  if (!fs.existsSync(file)) {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.closeSync(fs.openSync(file, "a", 0o644))
  }
  fs.chownSync(file, uid, gid)
}

/** Gives the files away, and becomes the user for good, of that group or of its own. */
export const becomeUser = Effect.fnUntraced(function* (
  [userName = "", groupName]: ReadonlyArray<string>,
  files: ReadonlyArray<string>
): Effect.fn.Return<void, UserFailed> {
  const failed = (reason: string) => new UserFailed({ user: userName, reason })
  const user = findUser(yield* read("/etc/passwd"), userName)
  if (user === undefined) return yield* failed("there is none in /etc/passwd")
  const gid = groupName === undefined ? user.gid : findGroup(yield* read("/etc/group"), groupName)
  if (gid === undefined) return yield* failed(`there is no group ${groupName} in /etc/group`)
  if (process.getuid?.() === user.uid && process.getgid?.() === gid) return
  if (process.getuid?.() !== 0) return yield* failed("only root can become another one")
  yield* Effect.try({
    try: () => {
      for (const file of files) give(file, user.uid, gid)
      setGroups(user, gid)
      process.setgid?.(gid)
      process.setuid?.(user.uid)
      if (process.getuid?.() !== user.uid || process.getgid?.() !== gid) throw new Error("the system has not done it")
    },
    catch: (error) => failed(error instanceof Error ? error.message : String(error))
  })
  yield* Effect.logInfo("became another user").pipe(
    Effect.annotateLogs({ "user.name": user.name, "user.id": user.uid })
  )
})
