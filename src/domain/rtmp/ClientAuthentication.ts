/**
 * Answers to a server that refuses connect until the client has shown its password: Adobe's and Limelight's schemes.
 * Neither has a specification; these are the rules that FFmpeg, librtmp and GStreamer share. The answer is a query that
 * is appended to app and tcUrl of the next connect, over a new connection.
 */
import { createHash } from "node:crypto"
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { queryValue } from "./UrlText.ts"

export interface Credentials {
  readonly user: string
  readonly password: string
  /** Without the query of an earlier answer. */
  readonly app: string
}

/** The server wants what this client has not, or has refused it. */
export class AuthenticationFailed extends Data.TaggedError("AuthenticationFailed")<{ readonly reason: string }> {
  override get message() {
    return `authentication: ${this.reason}`
  }
}

const failed = (reason: string) => Result.fail(new AuthenticationFailed({ reason }))

const md5 = (encoding: "base64" | "hex", text: string): string =>
  createHash("md5").update(text, "utf8").digest(encoding)

const adobe = (credentials: Credentials, challenge: string, nonce: string): string => {
  const user = queryValue(challenge, "user") || credentials.user
  const opaque = queryValue(challenge, "opaque")
  const secret = md5("base64", user + queryValue(challenge, "salt") + credentials.password)
  const response = md5("base64", secret + (opaque || queryValue(challenge, "challenge")) + nonce)
  const answer = `?authmod=adobe&user=${user}&challenge=${nonce}&response=${response}`
  return opaque === "" ? answer : `${answer}&opaque=${opaque}`
}

/** HTTP digest (RFC 2617 §3.2.2) with fixed realm, method, count and quality of protection. */
const limelight = (credentials: Credentials, challenge: string, clientNonce: string): string => {
  const user = queryValue(challenge, "user") || credentials.user
  const nonce = queryValue(challenge, "nonce")
  const count = "00000001"
  const path = credentials.app.includes("/") ? credentials.app : `${credentials.app}/_definst_`
  const owner = md5("hex", `${user}:live:${credentials.password}`)
  const response = md5("hex", `${owner}:${nonce}:${count}:${clientNonce}:auth:${md5("hex", `publish:/${path}`)}`)
  return `?authmod=llnw&user=${user}&nonce=${nonce}&cnonce=${clientNonce}&nc=${count}&response=${response}`
}

/**
 * `description` is that of the refusal, `nonce` 8 fresh hexadecimal digits. `undefined`: the refusal has nothing to do
 * with authentication.
 */
export const answerChallenge = (
  description: string,
  credentials: Credentials,
  nonce: string
): Result.Result<string, AuthenticationFailed> | undefined => {
  const scheme = /authmod=([A-Za-z]+)/.exec(description)?.[1]
  if (scheme === undefined) return undefined
  if (scheme !== "adobe" && scheme !== "llnw") return failed(`the server asks for the scheme ${scheme}`)
  if (credentials.user === "") return failed("the server asks for user and password, and the URL has none")
  if (description.includes("?reason=authfailed")) return failed("wrong user or password")
  if (description.includes("?reason=nosuchuser")) return failed("no such user")
  const at = description.indexOf("?reason=needauth")
  if (at >= 0) {
    // The query ends with the word: servers put " :" behind it.
    const challenge = description.slice(at + 1).split(/\s/, 1)[0]
    return Result.succeed((scheme === "adobe" ? adobe : limelight)(credentials, challenge, nonce))
  }
  if (description.includes("code=403")) return Result.succeed(`?authmod=${scheme}&user=${credentials.user}`)
  return failed("refused")
}
