/** Where a callback goes: `http(s)://host[:port]/path?query`, path and query as configured. */

export interface HookUrl {
  readonly encrypted: boolean
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly target: string
  /** As the Host header names it: SRS leaves out port 80, and that port alone. */
  readonly authority: string
}

const shape = /^(https?):\/\/(?:\[([0-9a-f:.]+)\]|([^\s/:?#@[\]]+))(?::(\d{1,5}))?(\/[^\s#]*)?(\?[^\s#]*)?(?:#\S*)?$/i

/** `undefined` for what is no such URL. */
export const parseHookUrl = (url: string): HookUrl | undefined => {
  const parts = shape.exec(url)
  if (parts === null) return undefined
  const [, scheme, ipv6, name, portText, path = "/", query = ""] = parts
  const encrypted = scheme.toLowerCase() === "https"
  const port = portText === undefined ? (encrypted ? 443 : 80) : Number(portText)
  if (port < 1 || port > 65_535) return undefined
  const bracketed = ipv6 === undefined ? name : `[${ipv6}]`
  const authority = port === 80 ? bracketed : `${bracketed}:${port}`
  return { encrypted, host: ipv6 ?? name, port, target: path + query, authority }
}
