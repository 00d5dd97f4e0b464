/** What the command line makes for `vhost.auth`. */
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { HashRequest, SignRequest } from "../../domain/access/accessCommands.ts"
import { signStream } from "../../domain/access/signedUrl.ts"
import { hashBytes, printAdobe, printScrypt, saltBytes, scryptDefaults } from "../../domain/access/StoredSecret.ts"
import { type ConfigSnapshot, resolveVhost } from "../../domain/config/Settings.ts"
import { scrypt } from "./scrypt.ts"

export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", { reason: Schema.String }) {
  readonly code = 1
  override get message() {
    return this.reason
  }
}

/** The query that a configuration's key makes for a stream. */
export const sign = Effect.fnUntraced(function* (snapshot: ConfigSnapshot, { action, seconds, stream }: SignRequest) {
  const vhost = resolveVhost(snapshot, stream.vhost)
  if (vhost === undefined) return yield* new CommandFailed({ reason: `no vhost ${stream.vhost}` })
  const { secret } = vhost.auth
  if (secret === "") return yield* new CommandFailed({ reason: `vhost ${vhost.name} has no auth.secret` })
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  return signStream(secret, action, { ...stream, vhost: vhost.name }, now + seconds)
})

/** One line of standard input. */
const readLine: Effect.Effect<string, CommandFailed> = Effect.try({
  try: () => fs.readFileSync(0, "utf8").replace(/\r?\n[\s\S]*$/, ""),
  catch: (error) => new CommandFailed({ reason: `standard input: ${String(error)}` })
})

/** What a configuration has of the password, or key, in standard input. */
export const hash = Effect.fnUntraced(function* ({ adobeUser }: HashRequest) {
  const password = yield* readLine
  if (password === "") return yield* new CommandFailed({ reason: "standard input has no password" })
  const salt = new Uint8Array(crypto.randomBytes(saltBytes))
  if (adobeUser !== undefined) return printAdobe(adobeUser, Buffer.from(salt).toString("hex"), password)
  const cost = { ...scryptDefaults, salt }
  return printScrypt({ ...cost, hash: yield* scrypt(password, cost, hashBytes) })
})
