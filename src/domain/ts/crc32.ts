/** CRC of PSI sections (ISO/IEC 13818-1 annex A): polynomial 0x04C11DB7, initial value all ones, no reflection. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0)
  return remainder
})

/** Over a whole section with its CRC it is 0. */
export const crc32 = (bytes: Uint8Array, start: number, end: number): number => {
  let crc = 0xffffffff
  for (let at = start; at < end; at++) crc = (crc << 8) ^ table[(crc >>> 24) ^ bytes[at]]
  return crc >>> 0
}
