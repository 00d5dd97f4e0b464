/**
 * Signed URLs: `expires` (seconds of the epoch) and `sign`, the HMAC-SHA256 of action, stream and expiry in hexadecimal,
 * in the query of a publish or play URL.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import { streamKey, type StreamName } from "../media/StreamName.ts"
import type { Action } from "./AddressRules.ts"

const digest = (secret: string, action: Action, stream: StreamName, expires: string): string =>
  createHmac("sha256", secret)
    .update(`${action}\n${streamKey(stream)}\n${expires}`, "utf8")
    .digest("hex")

/** The query that permits the action until then, with its `?`. */
export const signStream = (secret: string, action: Action, stream: StreamName, expires: number): string =>
  `?expires=${expires}&sign=${digest(secret, action, stream, String(expires))}`

/** Text of any length, in a time that does not depend on where they differ. */
export const isSameText = (a: string, b: string): boolean => {
  const [hashA, hashB] = [a, b].map((text) => createHash("sha256").update(text, "utf8").digest())
  return timingSafeEqual(hashA, hashB)
}

/** `values` are those of the query. */
export const isSignedStream = (
  secret: string,
  action: Action,
  stream: StreamName,
  values: ReadonlyMap<string, string>,
  nowSeconds: number
): boolean => {
  const expires = values.get("expires") ?? ""
  if (secret === "" || !/^\d{1,12}$/.test(expires) || Number(expires) <= nowSeconds) return false
  return isSameText(values.get("sign")?.toLowerCase() ?? "", digest(secret, action, stream, expires))
}

/** lal's simple authentication: `lal_secret` is the MD5 of the key and the stream's name, in hexadecimal. */
export const isLalSecret = (key: string, stream: StreamName, values: ReadonlyMap<string, string>): boolean => {
  const given = values.get("lal_secret")
  if (key === "" || given === undefined) return false
  const expected = createHash("md5")
    .update(key + stream.stream, "utf8")
    .digest("hex")
  return isSameText(given.toLowerCase(), expected)
}
