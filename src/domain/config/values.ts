/** How the text of an argument becomes a value, by the rules of C's `atoi` and `atof` that existing files rely on. */

/** Where an argument was written: some switches read differently in the environment. */
export type Origin = "file" | "environment"

/** An address to listen on. */
export interface Endpoint {
  /** An IPv4 or IPv6 address without brackets. */
  readonly host: string
  readonly port: number
}

/** The address that a bare port stands for. */
export const anyHost = "0.0.0.0"

const integerPattern = /^[ \t\r\n]*[+-]?[0-9]+/
const decimalPattern = /^[ \t\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/

/** Leading digits; garbage is 0. Beyond 2^53 the nearest safe integer. */
export const integerOf = (text: string): number => {
  const digits = integerPattern.exec(text)
  if (digits === null) return 0
  const value = Number(digits[0])
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value + 0
}

/** Leading decimal number; garbage is 0. */
export const decimalOf = (text: string): number => {
  const digits = decimalPattern.exec(text)
  if (digits === null) return 0
  const value = Number(digits[0])
  return Number.isFinite(value) ? value : Math.sign(value) * Number.MAX_VALUE
}

export const isInteger = (text: string): boolean => /^[+-]?[0-9]+$/.test(text)

export const isDecimal = (text: string): boolean => /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)

const ipv4Pattern = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/

export const isIpv4 = (text: string): boolean => ipv4Pattern.test(text)

/** An IPv6 address in text form (RFC 4291 §2.2), without zone. */
export const isIpv6 = (text: string): boolean => {
  const halves = text.split("::")
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")))
  const last = groups.at(-1)
  const embedded = last !== undefined && isIpv4(last)
  const plain = embedded ? groups.slice(0, -1) : groups
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  const count = plain.length + (embedded ? 2 : 0)
  return halves.length === 2 ? count <= 7 : count === 8
}

/** Splits `port`, `ip:port` or `[ipv6]:port`. Anything else gives a port or a host that `isEndpoint` refuses. */
export const endpointOf = (text: string): Endpoint => {
  const colon = text.lastIndexOf(":")
  if (colon < 0) return { host: anyHost, port: integerOf(text) }
  const host = text.slice(0, colon)
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host
  return { host: bare === "" ? anyHost : bare, port: integerOf(text.slice(colon + 1)) }
}

/** A port, 0 for one that the system chooses, with an IP address in front where there is one. */
export const isEndpoint = (text: string): boolean => {
  const { host, port } = endpointOf(text)
  return (
    isInteger(text.slice(text.lastIndexOf(":") + 1)) && port >= 0 && port < 65_536 && (isIpv4(host) || isIpv6(host))
  )
}

/** Text form of an endpoint, an IPv6 address in brackets. */
export const endpointText = ({ host, port }: Endpoint): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
