/** IP addresses and networks (RFC 4291 §2.2, RFC 4632 §3.1) as 16 bytes; IPv4 is `::ffff:0:0/96` of IPv6. */
import { isIpv4, isIpv6 } from "../config/values.ts"

const addressBytes = 16
/** Bits in front of an IPv4 address. */
const mappedBits = 96

export interface Network {
  readonly bytes: Uint8Array
  /** Leading bits that count, of 128. */
  readonly bits: number
}

/** `undefined` for what is no address. A zone (`%eth0`) is dropped. */
export const parseAddress = (text: string): Uint8Array | undefined => {
  const plain = text.split("%", 1)[0]
  if (isIpv4(plain)) return mapped(plain)
  return isIpv6(plain) ? ipv6(plain) : undefined
}

const mapped = (text: string): Uint8Array => {
  const bytes = new Uint8Array(addressBytes)
  bytes.fill(0xff, 10, 12)
  bytes.set(text.split(".").map(Number), 12)
  return bytes
}

const ipv6 = (text: string): Uint8Array => {
  const [left, right] = text.split("::")
  const bytes = new Uint8Array(addressBytes)
  const head = groupsOf(left)
  bytes.set(head)
  if (right === undefined) return bytes
  const tail = groupsOf(right)
  bytes.set(tail, addressBytes - tail.length)
  return bytes
}

const groupsOf = (text: string): ReadonlyArray<number> =>
  text === ""
    ? []
    : text.split(":").flatMap((group) => {
        if (group.includes(".")) return group.split(".").map(Number)
        const value = Number.parseInt(group, 16)
        return [value >> 8, value & 255]
      })

/** An address, or an address, `/` and a number of bits. `undefined` for anything else. */
export const parseNetwork = (text: string): Network | undefined => {
  const [address, prefix, ...more] = text.split("/")
  const bytes = parseAddress(address)
  if (bytes === undefined || more.length > 0) return undefined
  if (prefix === undefined) return { bytes, bits: 128 }
  if (!/^\d{1,3}$/.test(prefix)) return undefined
  const bits = Number(prefix) + (isIpv4(address) ? mappedBits : 0)
  return bits > 128 ? undefined : { bytes, bits }
}

export const isInNetwork = (address: Uint8Array, { bits, bytes }: Network): boolean => {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false
  const rest = bits & 7
  return rest === 0 || (address[whole] ^ bytes[whole]) >> (8 - rest) === 0
}

export const isInNetworks = (text: string, networks: ReadonlyArray<Network>): boolean => {
  const address = networks.length === 0 ? undefined : parseAddress(text)
  return address !== undefined && networks.some((network) => isInNetwork(address, network))
}

/** 4 or 16 bytes as text (RFC 5952 §4); an IPv4 address in IPv6 is one of IPv4. */
export const addressText = (bytes: Uint8Array): string => {
  if (bytes.length === 4) return bytes.join(".")
  if (isInNetwork(bytes, mappedNetwork)) return bytes.subarray(12).join(".")
  const groups = Array.from({ length: 8 }, (_, place) => ((bytes[2 * place] << 8) | bytes[2 * place + 1]).toString(16))
  const text = groups.join(":")
  const zeros = text.match(/\b0(?::0)+\b/g) ?? []
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), "")
  return longest === "" ? text : text.replace(new RegExp(`(?:^|:)${longest}(?::|$)`), "::")
}

const mappedNetwork: Network = { bytes: mapped("0.0.0.0"), bits: mappedBits }

const portAtEnd = /:\d+$/
const brackets = /^\[|\]$/g

/** `1.2.3.4:5` or `[::1]:5` without the port. */
export const addressOf = (peer: string): string => peer.replace(portAtEnd, "").replace(brackets, "")
