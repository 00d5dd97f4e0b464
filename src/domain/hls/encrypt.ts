/** AES-128 of whole segments (RFC 8216 §4.3.2.4, §6.2.3): CBC with PKCS#7 padding. */
import { createCipheriv } from "node:crypto"

/** Of a key, and of an initialization vector. */
export const keyLength = 16

export const encrypt = (bytes: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array => {
  const cipher = createCipheriv("aes-128-cbc", key, iv)
  return Buffer.concat([cipher.update(bytes), cipher.final()])
}
