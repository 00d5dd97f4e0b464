/** Passwords against their hashes, off the event loop and only a few at a time. */
import * as crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { isSameText } from "../../domain/access/signedUrl.ts"
import {
  adobeHash,
  hashBytes,
  type ScryptHash,
  scryptDefaults,
  type StoredSecret
} from "../../domain/access/StoredSecret.ts"

/** Each takes a thread and some 16 MB. */
const maxAtATime = 2
/** More than the costliest hash that is accepted takes. */
const maxMemoryBytes = 512 * 1024 * 1024

const places = Semaphore.makeUnsafe(maxAtATime)

/** Empty if the system has not the memory. */
export const scrypt = (
  password: string,
  { blockSize, costLog2, parallelization, salt }: Omit<ScryptHash, "_tag" | "hash">,
  length: number
): Effect.Effect<Uint8Array> =>
  places.withPermits(1)(
    Effect.callback((resume) => {
      const options = { N: 2 ** costLog2, r: blockSize, p: parallelization, maxmem: maxMemoryBytes }
      // Without an error Node gives null, Bun undefined.
      crypto.scrypt(password, salt, length, options, (error, key) =>
        resume(Effect.succeed(error ? new Uint8Array(0) : new Uint8Array(key)))
      )
    })
  )

/** What an unknown name is compared with, so that it takes as long as a known one. */
const nobody: ScryptHash = {
  _tag: "Scrypt",
  ...scryptDefaults,
  salt: new Uint8Array(16),
  hash: new Uint8Array(hashBytes)
}

const isOne = (user: string, password: string, stored: StoredSecret): Effect.Effect<boolean> => {
  if (stored._tag === "Adobe") return Effect.succeed(isSameText(adobeHash(user, stored.salt, password), stored.hash))
  return Effect.map(
    scrypt(password, stored, stored.hash.length),
    (hash) => hash.length === stored.hash.length && crypto.timingSafeEqual(hash, stored.hash)
  )
}

/** Is it the password, or the key, of any of these? `user` is empty for a key. */
export const isPassword = Effect.fnUntraced(function* (
  user: string,
  password: string,
  secrets: ReadonlyArray<StoredSecret>
) {
  for (const stored of secrets) if (yield* isOne(user, password, stored)) return true
  if (secrets.length === 0) yield* isOne(user, password, nobody)
  return false
})
