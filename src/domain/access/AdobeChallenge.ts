/**
 * The server's side of Adobe's authentication, which refuses connect until the client has shown its password. It has no
 * specification; these are the rules that FFmpeg, librtmp (OBS) and GStreamer share. Nothing is kept between the three
 * connections: `opaque` says when a challenge was made and that it is ours.
 */
import { createHash, createHmac } from "node:crypto"
import { queryValue } from "../rtmp/UrlText.ts"
import { isSameText } from "./signedUrl.ts"
import type { AdobeHash } from "./StoredSecret.ts"

/** From the challenge to its answer, seconds. */
export const challengeLifetimeSeconds = 60

/** FFmpeg wants these words. The first connection is refused with them. */
export const needsAuthentication = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "

const rejection = (query: string): string => `[ AccessManager.Reject ] : [ authmod=adobe ] : ${query}`

/** The last one, for a wrong password and for a user that there is not: nobody learns which. */
export const authenticationFailed = rejection("?reason=authfailed")

const opaqueOf = (key: Uint8Array, user: string, seconds: number): string => {
  const mac = createHmac("sha256", key).update(`${seconds} ${user}`, "utf8").digest("hex").slice(0, 32)
  return `${seconds}.${mac}`
}

/** The second one. `key` is this process's own; `challenge` is for clients that leave `opaque` out of their answer. */
export const challengeOf = (key: Uint8Array, user: string, salt: string, nowSeconds: number): string => {
  const opaque = opaqueOf(key, user, nowSeconds)
  return rejection(`?reason=needauth&user=${user}&salt=${salt}&challenge=${opaque}&opaque=${opaque}`)
}

export interface AdobeAnswer {
  readonly user: string
  /** The client's own. */
  readonly challenge: string
  readonly response: string
  readonly opaque: string
}

/** What a query says by this scheme; `undefined` if it does not speak it. Without `response` it only says who asks. */
export const readAnswer = (query: string): AdobeAnswer | undefined =>
  queryValue(query, "authmod") !== "adobe"
    ? undefined
    : {
        user: queryValue(query, "user"),
        challenge: queryValue(query, "challenge"),
        response: queryValue(query, "response"),
        opaque: queryValue(query, "opaque")
      }

const isOurs = (key: Uint8Array, { opaque, user }: AdobeAnswer, nowSeconds: number): boolean => {
  const seconds = Number(/^(\d{1,12})\./.exec(opaque)?.[1])
  if (!(seconds <= nowSeconds && nowSeconds - seconds <= challengeLifetimeSeconds)) return false
  return isSameText(opaque, opaqueOf(key, user, seconds))
}

/** Answers one of our challenges, in time, with that user's password. */
export const isRightAnswer = (key: Uint8Array, stored: AdobeHash, answer: AdobeAnswer, nowSeconds: number): boolean => {
  if (answer.response === "" || !isOurs(key, answer, nowSeconds)) return false
  const expected = createHash("md5")
    .update(stored.hash + answer.opaque + answer.challenge, "utf8")
    .digest("base64")
  return isSameText(answer.response, expected)
}
