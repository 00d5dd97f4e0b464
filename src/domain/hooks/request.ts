/** The request of a callback: SRS's headers in SRS's order, then those of this server. */
import { createHmac, timingSafeEqual } from "node:crypto"
import { signature as userAgent } from "../Product.ts"
import type { HookUrl } from "./HookUrl.ts"

export interface HookRequest {
  readonly body: string
  /** The same for each attempt to deliver the same event to the same URL. */
  readonly idempotencyKey: string
  /** W3C Trace Context, or empty. */
  readonly traceparent: string
  /** Seconds of the epoch. */
  readonly timestamp: number
  /** Key of the signature; empty for none. */
  readonly secret: string
}

/** HMAC-SHA256 of timestamp, a dot and body, as 64 hexadecimal digits. */
export const hookSignature = (secret: string, timestamp: number, body: string): string =>
  createHmac("sha256", secret).update(`${timestamp}.${body}`, "utf8").digest("hex")

/** A receiver's clock may differ by so many seconds, and a request may be so old. */
export const maxAgeSeconds = 300

/** What a receiver of callbacks does with the two headers. */
export const isSignedHook = (
  secret: string,
  headers: { readonly timestamp: string; readonly signature: string },
  body: string,
  nowSeconds: number
): boolean => {
  const timestamp = Number(headers.timestamp)
  if (!Number.isSafeInteger(timestamp) || Math.abs(nowSeconds - timestamp) > maxAgeSeconds) return false
  const expected = Buffer.from(`sha256=${hookSignature(secret, timestamp, body)}`)
  const given = Buffer.from(headers.signature)
  return expected.length === given.length && timingSafeEqual(expected, given)
}

export const encodeHookRequest = (url: HookUrl, request: HookRequest): Uint8Array => {
  const { body, idempotencyKey, secret, timestamp, traceparent } = request
  const lines = [
    `POST ${url.target} HTTP/1.1`,
    "Connection: Keep-Alive",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Content-Type: application/json",
    `Host: ${url.authority}`,
    `User-Agent: ${userAgent}`,
    `Idempotency-Key: ${idempotencyKey}`,
    `X-Sluice-Timestamp: ${timestamp}`
  ]
  if (secret !== "") lines.push(`X-Sluice-Signature: sha256=${hookSignature(secret, timestamp, body)}`)
  if (traceparent !== "") lines.push(`traceparent: ${traceparent}`)
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`)
}

/** `00-<trace>-<span>-<flags>` (W3C Trace Context §3.2), or empty where there is no trace. */
export const traceparentOf = (span: {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}): string =>
  /^[0-9a-f]{32}$/.test(span.traceId) && /^[0-9a-f]{16}$/.test(span.spanId)
    ? `00-${span.traceId}-${span.spanId}-0${span.sampled ? 1 : 0}`
    : ""
