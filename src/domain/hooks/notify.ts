/** `on_hls_notify`: a GET for each segment, with names in its URL, so that caches fetch it. */
import { signature as userAgent } from "../Product.ts"
import type { HookFacts } from "./body.ts"
import type { HookUrl } from "./HookUrl.ts"

/** The URL with its variables in place; that of the segment, where it is a whole one (`hls_entry_prefix`). */
export const notifyUrl = (template: string, facts: HookFacts): string => {
  const url = facts.segment?.url ?? ""
  if (/^https?:\/\//.test(url)) return url
  const values: Readonly<Record<string, string>> = {
    server_id: facts.serverId,
    service_id: facts.serviceId,
    app: facts.stream.app,
    stream: facts.stream.stream,
    ts_url: url,
    param: facts.param
  }
  return template.replace(/\[(\w+)\]/g, (whole, name: string) => values[name] ?? whole)
}

export const encodeNotify = ({ authority, target }: HookUrl): Uint8Array =>
  Buffer.from(
    `GET ${target} HTTP/1.1\r\nConnection: Keep-Alive\r\nHost: ${authority}\r\nUser-Agent: ${userAgent}\r\n\r\n`
  )
