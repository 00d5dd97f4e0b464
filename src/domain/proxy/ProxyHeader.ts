/**
 * The PROXY protocol, versions 1 and 2 (HAProxy, doc/proxy-protocol.txt): what a proxy sends first on a connection, so
 * that the server knows whose it is. A receiver must know beforehand that it comes: it is never guessed.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import { addressText, parseAddress } from "../access/NetworkAddress.ts"
import { readUint16, readUint32 } from "../bytes/bytes.ts"
import { srsErrors } from "../errors/SrsError.ts"
import { crc32c } from "./crc32c.ts"

/** A line of version 1 with its line end (§2.1). */
export const maxLineBytes = 107
/** A header of version 2 with all its fields; the addresses need 52, and senders keep below 536 (§2.2). */
export const maxHeaderBytes = 4096

export class BadProxyHeader extends Data.TaggedError("BadProxyHeader")<{ readonly reason: string }> {
  readonly code = srsErrors.SocketRead
  override get message() {
    return `no PROXY header that can be read: ${this.reason}`
  }
}

export interface ProxyHeader {
  /** Bytes it took. */
  readonly length: number
  /** `address:port` of the client, an IPv6 address in brackets; `undefined` if the connection is the proxy's own. */
  readonly client: string | undefined
}

type Read = Result.Result<ProxyHeader | undefined, BadProxyHeader>

const bad = (reason: string) => Result.fail(new BadProxyHeader({ reason }))
const more: Read = Result.succeed(undefined)

const lineStart = new TextEncoder().encode("PROXY ")
const binaryStart = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10)

const beginsWith = (bytes: Uint8Array, start: Uint8Array): boolean => {
  const length = Math.min(bytes.length, start.length)
  for (let i = 0; i < length; i++) if (bytes[i] !== start[i]) return false
  return true
}

const clientText = (address: Uint8Array, port: number): string => {
  const text = addressText(address)
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`
}

/** The header that the bytes begin with; `undefined` while more are needed. At most `maxHeaderBytes` are looked at. */
export const readProxyHeader = (bytes: Uint8Array): Read => {
  if (beginsWith(bytes, lineStart)) return bytes.length < lineStart.length ? more : readLine(bytes)
  if (beginsWith(bytes, binaryStart)) return readBinary(bytes)
  return bad("the connection begins with something else")
}

/** §2.1 */
const readLine = (bytes: Uint8Array): Read => {
  const end = bytes.subarray(0, maxLineBytes).indexOf(10)
  if (end < 0) return bytes.length < maxLineBytes ? more : bad(`a line of more than ${maxLineBytes} bytes`)
  if (bytes[end - 1] !== 13) return bad("a line that does not end in CR LF")
  const length = end + 1
  const words = String.fromCharCode(...bytes.subarray(lineStart.length, end - 1)).split(" ")
  const [family, source = "", destination = "", sourcePort = "", destinationPort = ""] = words
  if (family === "UNKNOWN") return Result.succeed({ length, client: undefined })
  if (family !== "TCP4" && family !== "TCP6") return bad(`a family other than TCP4, TCP6 and UNKNOWN`)
  const isOfFamily = (text: string): boolean => text.includes(":") === (family === "TCP6") && !text.includes("%")
  const address = isOfFamily(source) ? parseAddress(source) : undefined
  const isDestination = isOfFamily(destination) && parseAddress(destination) !== undefined
  if (address === undefined || !isDestination) return bad("addresses that are not of their family")
  if (words.length !== 5 || !isPort(sourcePort) || !isPort(destinationPort)) return bad("ports that are none")
  return Result.succeed({ length, client: clientText(address, Number(sourcePort)) })
}

const isPort = (text: string): boolean => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535

const fixedBytes = 16
const commands = { local: 0, proxy: 1 } as const
const stream = 1
/** Bytes of the addresses by family: unspecified, IPv4, IPv6, UNIX. */
const addressBytes = [0, 12, 36, 216]

/** §2.2 */
const readBinary = (bytes: Uint8Array): Read => {
  if (bytes.length < fixedBytes) return more
  const [version, command] = [bytes[12] >> 4, bytes[12] & 15]
  if (version !== 2) return bad(`version ${version}`)
  if (command !== commands.local && command !== commands.proxy) return bad(`command ${command}`)
  const length = fixedBytes + readUint16(bytes, 14)
  if (length > maxHeaderBytes) return bad(`a header of ${length} bytes, which is more than ${maxHeaderBytes}`)
  if (bytes.length < length) return more
  const [family, transport] = [bytes[13] >> 4, bytes[13] & 15]
  // A connection of the proxy's own, a look at the server's health: what else is there has no meaning.
  if (command === commands.local) return Result.succeed({ length, client: undefined })
  if (family >= addressBytes.length || transport > 2) return bad(`family ${family}, transport ${transport}`)
  const fieldsAt = fixedBytes + addressBytes[family]
  if (fieldsAt > length) return bad("addresses that do not fit")
  const wrong = wrongField(bytes.subarray(0, length), fieldsAt)
  if (wrong !== undefined) return bad(wrong)
  return Result.succeed({ length, client: transport === stream ? binaryClient(bytes, family) : undefined })
}

const binaryClient = (bytes: Uint8Array, family: number): string | undefined => {
  if (family === 1) return clientText(bytes.subarray(16, 20), readUint16(bytes, 24))
  return family === 2 ? clientText(bytes.subarray(16, 32), readUint16(bytes, 48)) : undefined
}

const checksumType = 3

/** What is wrong with the fields (TLV, §2.2.1 to §2.2.5), of which only the checksum has a meaning here. */
const wrongField = (header: Uint8Array, from: number): string | undefined => {
  let at = from
  while (at < header.length) {
    const end = at + 3 + (at + 3 <= header.length ? readUint16(header, at + 1) : 0)
    if (end > header.length) return "a field that does not fit"
    if (header[at] === checksumType) {
      if (end !== at + 7) return "a checksum that is none"
      const zeroed = Uint8Array.from(header).fill(0, at + 3, end)
      if (crc32c(zeroed) !== readUint32(header, at + 3)) return "a checksum that is wrong"
    }
    at = end
  }
  return undefined
}
