/** What `vhost.auth` knows: users and stream keys with their hashes, and what somebody has shown. */
import { parseQuery } from "../http/query.ts"
import type { AdobeHash, StoredSecret } from "./StoredSecret.ts"
import { parseStoredSecret } from "./StoredSecret.ts"

/** How somebody may prove that he may. */
export const proofs = ["signature", "lal", "key", "password", "adobe"] as const
export type Proof = (typeof proofs)[number]

export const isProof = (word: string): word is Proof => (proofs as ReadonlyArray<string>).includes(word)

type Written = ReadonlyArray<ReadonlyArray<string>>

export interface Accounts {
  /** By user; one may have a hash of each kind. */
  readonly users: ReadonlyMap<string, ReadonlyArray<StoredSecret>>
  /** By `app/stream`; `*` for all streams. */
  readonly keys: ReadonlyMap<string, ReadonlyArray<StoredSecret>>
  /** Lines that are not understood, without their hashes. */
  readonly misfits: ReadonlyArray<string>
}

const read = (kind: string, written: Written, misfits: Array<string>) => {
  const secrets = new Map<string, Array<StoredSecret>>()
  for (const [name = "", hash = "", ...more] of written) {
    const secret = parseStoredSecret(hash)
    if (secret === undefined || more.length > 0) misfits.push(`${kind} ${name}`)
    else secrets.set(name, [...(secrets.get(name) ?? []), secret])
  }
  return secrets
}

export const readAccounts = (written: { readonly users: Written; readonly keys: Written }): Accounts => {
  const misfits: Array<string> = []
  const users = read("user", written.users, misfits)
  return { users, keys: read("key", written.keys, misfits), misfits }
}

export const isAdobe = (secret: StoredSecret): secret is AdobeHash => secret._tag === "Adobe"

export interface Login {
  readonly user: string
  readonly password: string
}

/** `Basic` credentials (RFC 7617). */
export const readBasic = (authorization: string): Login | undefined => {
  const encoded = /^basic +([A-Za-z0-9+/]{1,1024}=*)$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** `user` and `password` of a query. */
export const readLogin = (param: string): Login | undefined => {
  const values = parseQuery(param)
  const [user, password] = [values.get("user"), values.get("password")]
  return user === undefined || password === undefined ? undefined : { user, password }
}
