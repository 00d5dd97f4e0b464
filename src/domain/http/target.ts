/** Request targets (RFC 9112 §3.2): origin form, absolute form, and the asterisk of OPTIONS. */

export interface Target {
  readonly path: string
  readonly query: string
  readonly host: string
  readonly authority: string
}

const utf8 = new TextDecoder()

/** `name`, `name:port`, `1.2.3.4:port` or `[v6]:port`; the port is dropped. `undefined` for anything else. */
export const hostName = (authority: string): string | undefined => {
  const shape = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/?#@\\,]*))(?::\d{0,5})?$/.exec(authority)
  return shape === null ? undefined : (shape[1] ?? shape[2]).toLowerCase()
}

/** `undefined` for a malformed escape or an escaped zero byte. Other bytes than UTF-8 become replacement characters. */
export const percentDecode = (text: string): string | undefined => {
  if (!/[%\u0080-\u00ff]/.test(text)) return text
  const bytes = new Uint8Array(text.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "%") {
      bytes[length++] = text.charCodeAt(at)
      continue
    }
    const digits = text.slice(at + 1, at + 3)
    if (!/^[0-9a-fA-F]{2}$/.test(digits) || digits === "00") return undefined
    bytes[length++] = Number.parseInt(digits, 16)
    at += 2
  }
  return utf8.decode(bytes.subarray(0, length))
}

/** Nothing in it is escaped, and no segment is empty or begins with a dot. */
const plainPath = /^(?:\/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9_~!$&'()*+,;=:@.-]*)+$/

/** Decoded, with runs of slashes made one. `undefined` for a path that leaves its folder. */
const normalPath = (raw: string): string | undefined => {
  if (plainPath.test(raw)) return raw
  const path = percentDecode(raw)
  if (path === undefined || !path.startsWith("/")) return undefined
  const segments = path.split("/")
  if (segments.includes("..") || segments.includes(".")) return undefined
  return path.replace(/\/{2,}/g, "/")
}

/** `host` is the value of the Host header, which an absolute target overrides. `undefined` for what is malformed. */
export const parseTarget = (method: string, target: string, host: string): Target | undefined => {
  const absolute = target.startsWith("/") ? null : /^https?:\/\/([^/?#]+)([^#]*)/i.exec(target)
  const authority = absolute === null ? host : absolute[1]
  const name = hostName(authority)
  if (name === undefined || (absolute !== null && hostName(host) === undefined)) return undefined
  if (target === "*") return method === "OPTIONS" ? { path: "*", query: "", host: name, authority } : undefined
  const rest = absolute === null ? target : absolute[2].startsWith("/") ? absolute[2] : `/${absolute[2]}`
  const fragment = rest.indexOf("#")
  const text = fragment < 0 ? rest : rest.slice(0, fragment)
  const mark = text.indexOf("?")
  const path = normalPath(mark < 0 ? text : text.slice(0, mark))
  return path === undefined ? undefined : { path, query: mark < 0 ? "" : text.slice(mark), host: name, authority }
}
