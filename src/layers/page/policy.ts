/** What a browser may do on behalf of the page. */
import type { Headers } from "../../domain/http/ResponseHead.ts"

/** A host that may stand in a policy: a name or an IPv4 address. The grammar has no place for IPv6. */
const plainHost = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/

/**
 * Nothing but this server is asked for anything: its own origin, and the same host on other ports, for a page that is
 * told to play from there (`?port=`).
 */
export const contentSecurityPolicy = (host: string): string => {
  const schemes = ["http", "https", "ws", "wss"]
  const ports = plainHost.test(host) ? schemes.map((scheme) => ` ${scheme}://${host}:*`).join("") : ""
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `media-src 'self' blob:${ports}`,
    `connect-src 'self'${ports}`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join("; ")
}

export const pageHeaders = (host: string): Headers => [
  ["Content-Security-Policy", contentSecurityPolicy(host)],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "same-origin"]
]
