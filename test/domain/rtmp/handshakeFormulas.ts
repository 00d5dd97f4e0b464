/** The digests of the complex handshake, typed from their description and apart from the code under test. */
import { createHmac } from "node:crypto"

const shared = Buffer.from("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae", "hex")
export const clientKey = Buffer.concat([Buffer.from("Genuine Adobe Flash Player 001"), shared])
export const serverKey = Buffer.concat([Buffer.from("Genuine Adobe Flash Media Server 001"), shared])

export const hmac = (key: Uint8Array, ...parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  createHmac("sha256", key).update(Buffer.concat(parts)).digest()

/** Schema 1: 12 to 739. Schema 0: 776 to 1503. */
export const digestPosition = (packet: Uint8Array, schema: 0 | 1): number => {
  const offset = schema === 1 ? 8 : 772
  const sum = packet[offset] + packet[offset + 1] + packet[offset + 2] + packet[offset + 3]
  return offset + 4 + (sum % 728)
}

export const signatureOfC1 = (c1: Uint8Array, at: number): Uint8Array =>
  hmac(clientKey.subarray(0, 30), c1.subarray(0, at), c1.subarray(at + 32))

export const signatureOfS1 = (s1: Uint8Array, at: number): Uint8Array =>
  hmac(serverKey.subarray(0, 36), s1.subarray(0, at), s1.subarray(at + 32))

export const signatureOfS2 = (s2: Uint8Array, c1Digest: Uint8Array): Uint8Array =>
  hmac(hmac(serverKey, c1Digest), s2.subarray(0, 1504))

export const signatureOfC2 = (c2: Uint8Array, s1Digest: Uint8Array): Uint8Array =>
  hmac(hmac(clientKey, s1Digest), c2.subarray(0, 1504))

/** A C1 with digest: version 128.0.7.2, the offset bytes as given, everything else a pattern. */
export const makeC1 = (schema: 0 | 1, offsetBytes: ReadonlyArray<number>): Buffer => {
  const c1 = Buffer.from(Array.from({ length: 1536 }, (_, i) => (i * 37 + 11) & 255))
  c1.set([0, 0, 0, 9, 0x80, 0, 7, 2])
  c1.set(offsetBytes, schema === 1 ? 8 : 772)
  const at = digestPosition(c1, schema)
  c1.set(signatureOfC1(c1, at), at)
  return c1
}

/** Bytes that repeat with no period of interest, instead of random ones. */
export const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * i + (i >> 3)) & 255)
