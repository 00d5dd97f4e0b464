/**
 * Who may use the API. With `http_api.auth` whoever knows name and password (Basic, RFC 7617). Without it everybody may
 * look, and only programs on this machine may change something.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import { hostName } from "../http/target.ts"

export interface ApiAuth {
  readonly enabled: boolean
  readonly username: string
  readonly password: string
}

export interface ApiCaller {
  /** Of the connection, without port. */
  readonly address: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The call changes something. */
  readonly mutating: boolean
}

/**
 * `challenge`: name and password are missing or wrong. `malformed`: no such header can be right. `remote`: the caller is
 * not on this machine, and nothing else could tell that it may.
 */
export type ApiAccess = "granted" | "challenge" | "malformed" | "remote"

const isLoopback = (address: string): boolean => /^(?:::ffff:)?127\.|^::1$/i.test(address)

/** A reverse proxy forwards for somebody else. */
const isForwarded = (headers: ReadonlyMap<string, string>): boolean =>
  headers.has("x-forwarded-for") || headers.has("x-real-ip") || headers.has("forwarded")

/** A browser that shows a page of another site, or one whose name was made to lead here (DNS rebinding). */
const isForeignPage = (headers: ReadonlyMap<string, string>): boolean => {
  const site = headers.get("sec-fetch-site")
  if (site === undefined) return false
  const host = hostName(headers.get("host") ?? "") ?? ""
  return site === "cross-site" || !(isLoopback(host) || host === "localhost" || host.endsWith(".localhost"))
}

const isForSomebodyElse = (headers: ReadonlyMap<string, string>): boolean =>
  isForwarded(headers) || isForeignPage(headers)

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest()

/** Takes the same time wherever the two differ. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

export const apiAccess = (auth: ApiAuth, { address, headers, mutating }: ApiCaller): ApiAccess => {
  if (!auth.enabled) return !mutating || (isLoopback(address) && !isForSomebodyElse(headers)) ? "granted" : "remote"
  const header = headers.get("authorization")
  if (header === undefined) return "challenge"
  const credentials = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  if (credentials === undefined) return "malformed"
  const parts = Buffer.from(credentials, "base64").toString("utf8").split(":")
  if (parts.length !== 2) return "malformed"
  const [name, password] = parts
  const isRight = isSame(name, auth.username)
  return isSame(password, auth.password) && isRight ? "granted" : "challenge"
}
