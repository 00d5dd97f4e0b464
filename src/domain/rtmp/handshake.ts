/**
 * What both roles of the RTMP handshake share: sizes (RTMP 1.0 §5.2) and the digests of the complex form, which Flash
 * introduced and the specification does not describe. Pure: time and random bytes are arguments.
 */
import { createHmac } from "node:crypto"
import * as Data from "effect/Data"
import { equals, writeUint32 } from "../bytes/bytes.ts"

/** The only version spoken: plain RTMP. 6, 8 and 9 are RTMPE. */
export const version = 3

/** C1, S1, C2 and S2. */
export const packetBytes = 1536

/** Random bytes that one side needs: one packet for the time and random part, one for the answer. */
export const randomBytes = 2 * packetBytes

/** So many, from one random number (Marsaglia's xorshift): they only have to differ, nothing of a handshake is secret. */
export const randomFrom = (seed: number): Uint8Array => {
  const bytes = new Uint8Array(randomBytes)
  let state = seed | 0 || 1
  for (let at = 0; at < bytes.length; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    writeUint32(bytes, at, state)
  }
  return bytes
}

const digestBytes = 32

/** Schema 0: key block, then digest block. Schema 1: digest block, then key block. */
export type Schema = 0 | 1

/** Each block has 764 bytes, the first one begins behind time and version. */
const blockBytes = 764
const digestBlock = [8 + blockBytes, 8] as const

const shared = "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae"
const makeKey = (text: string): Uint8Array => Buffer.concat([Buffer.from(text, "ascii"), Buffer.from(shared, "hex")])

/** Keys of both roles: the text signs C1 or S1, text and shared part make the key that signs the answer. */
const clientText = "Genuine Adobe Flash Player 001"
const serverText = "Genuine Adobe Flash Media Server 001"
const keys = {
  client: { packet: makeKey(clientText).subarray(0, clientText.length), answer: makeKey(clientText) },
  server: { packet: makeKey(serverText).subarray(0, serverText.length), answer: makeKey(serverText) }
} as const

export type Role = keyof typeof keys

/** SRS's numbers: plain RTMP required, proxy header too long. */
export class MalformedHandshake extends Data.TaggedError("MalformedHandshake")<{
  readonly code: 2000 | 2054
  readonly reason: string
}> {
  override get message() {
    return this.reason
  }
}

/** Which handshake the peer speaks: `complex0` and `complex1` name the schema of its digest. */
export type HandshakeKind = "simple" | "complex0" | "complex1"

export interface HandshakeStep {
  readonly done: boolean
  /** To be written now. */
  readonly reply: Uint8Array | undefined
  /** When done: bytes that came behind the handshake, a view of the last push. */
  readonly rest: Uint8Array
  /** IPv4 address from a proxy's 0xF3 header. */
  readonly proxyAddress: string | undefined
  readonly kind: HandshakeKind | undefined
}

const hmac = (key: Uint8Array, ...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const mac = createHmac("sha256", key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** The four bytes that begin the digest block add up to where in the block the digest is. */
const digestOffset = (packet: Uint8Array, schema: Schema): number => {
  const at = digestBlock[schema]
  return at + 4 + ((packet[at] + packet[at + 1] + packet[at + 2] + packet[at + 3]) % 728)
}

const digestOf = (packet: Uint8Array, at: number, role: Role): Uint8Array =>
  hmac(keys[role].packet, packet.subarray(0, at), packet.subarray(at + digestBytes))

/** The digest in a C1 (`client`) or S1 (`server`) if it is right, a view of the packet. */
export const findDigest = (packet: Uint8Array, schema: Schema, role: Role): Uint8Array | undefined => {
  const at = digestOffset(packet, schema)
  const digest = packet.subarray(at, at + digestBytes)
  return equals(digest, digestOf(packet, at, role)) ? digest : undefined
}

/** A C1 or S1 of the simple form: time, zero, random bytes. Always a copy: `slice` of a Buffer would be a view. */
export const makeSimplePacket = (nowMillis: number, random: Uint8Array): Uint8Array => {
  const packet = new Uint8Array(random.subarray(0, packetBytes))
  writeUint32(packet, 0, nowMillis)
  writeUint32(packet, 4, 0)
  return packet
}

/** A C1 or S1 with a digest. The public key in its key block is random: plain RTMP never uses the shared secret. */
export const makeDigestPacket = (
  nowMillis: number,
  softwareVersion: number,
  random: Uint8Array,
  schema: Schema,
  role: Role
): Uint8Array => {
  const packet = new Uint8Array(random.subarray(0, packetBytes))
  writeUint32(packet, 0, nowMillis)
  writeUint32(packet, 4, softwareVersion)
  const at = digestOffset(packet, schema)
  packet.set(digestOf(packet, at, role), at)
  return packet
}

/** A C2 or S2 that answers the packet in which the peer's `digest` was. */
export const makeDigestAnswer = (digest: Uint8Array, random: Uint8Array, role: Role): Uint8Array => {
  const answer = new Uint8Array(random.subarray(random.length - packetBytes))
  const signed = packetBytes - digestBytes
  answer.set(hmac(hmac(keys[role].answer, digest), answer.subarray(0, signed)), signed)
  return answer
}
