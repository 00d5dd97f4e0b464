/** Headers that let pages of other origins read an answer (Fetch standard §3.2; Private Network Access). */
import type { Headers } from "./ResponseHead.ts"

/** Only for requests with an `Origin`, and only if `crossdomain` is on. */
export const corsHeaders: Headers = [
  ["Access-Control-Allow-Origin", "*"],
  ["Access-Control-Allow-Methods", "*"],
  ["Access-Control-Allow-Headers", "*"],
  ["Access-Control-Expose-Headers", "*"],
  ["Access-Control-Allow-Credentials", "false"],
  // What SRS sends, the name of a request header; browsers look for the second one.
  ["Access-Control-Request-Private-Network", "true"],
  ["Access-Control-Allow-Private-Network", "true"]
]

const none: Headers = []

export const corsFor = (headers: ReadonlyMap<string, string>, crossdomain: boolean): Headers =>
  crossdomain && headers.has("origin") ? corsHeaders : none
