/**
 * Passwords and stream keys as a configuration has them: hashed. `$scrypt$ln=14,r=8,p=1$salt$hash` (RFC 7914, the form of
 * PHC strings) for whoever shows the password itself; `$adobe$salt$hash` for those who answer Adobe's challenge, which
 * takes the MD5 of user, salt and password: weaker, but the best that encoders over RTMP can do.
 */
import { createHash } from "node:crypto"

export interface ScryptHash {
  readonly _tag: "Scrypt"
  /** Base-2 logarithm of the cost. */
  readonly costLog2: number
  readonly blockSize: number
  readonly parallelization: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

export interface AdobeHash {
  readonly _tag: "Adobe"
  readonly salt: string
  /** Base64 of the MD5. */
  readonly hash: string
}

export type StoredSecret = ScryptHash | AdobeHash

/** What is made anew: 16 MB and some 50 ms for each try. */
export const scryptDefaults = { costLog2: 14, blockSize: 8, parallelization: 1 } as const
export const saltBytes = 16
export const hashBytes = 32
/** Costs above these are not paid: 256 MB, and so much time. */
const maxCostLog2 = 18
const maxBlockSize = 8
const maxParallelization = 4
const maxPartBytes = 64

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "")

const scryptShape = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)=*\$([A-Za-z0-9+/]+)=*$/
const adobeShape = /^\$adobe\$([A-Za-z0-9+/_-]{4,64})\$([A-Za-z0-9+/]{22}==)$/

/** `undefined` for what is neither, or costs too much. */
export const parseStoredSecret = (text: string): StoredSecret | undefined => {
  const adobe = adobeShape.exec(text)
  if (adobe !== null) return { _tag: "Adobe", salt: adobe[1], hash: adobe[2] }
  const scrypt = scryptShape.exec(text)
  if (scrypt === null) return undefined
  const [costLog2, blockSize, parallelization] = scrypt.slice(1, 4).map(Number)
  const [salt, hash] = scrypt.slice(4).map((part) => new Uint8Array(Buffer.from(part, "base64")))
  const isCheap = costLog2 <= maxCostLog2 && blockSize <= maxBlockSize && parallelization <= maxParallelization
  const isWhole = costLog2 > 0 && blockSize > 0 && parallelization > 0 && hash.length >= 16
  if (!isCheap || !isWhole || salt.length > maxPartBytes || hash.length > maxPartBytes) return undefined
  return { _tag: "Scrypt", costLog2, blockSize, parallelization, salt, hash }
}

export const printScrypt = ({ blockSize, costLog2, hash, parallelization, salt }: Omit<ScryptHash, "_tag">): string =>
  `$scrypt$ln=${costLog2},r=${blockSize},p=${parallelization}$${base64(salt)}$${base64(hash)}`

export const adobeHash = (user: string, salt: string, password: string): string =>
  createHash("md5")
    .update(user + salt + password, "utf8")
    .digest("base64")

export const printAdobe = (user: string, salt: string, password: string): string =>
  `$adobe$${salt}$${adobeHash(user, salt, password)}`
