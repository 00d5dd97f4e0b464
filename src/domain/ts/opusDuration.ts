/** Frame durations by configuration number (RFC 6716 §3.1, table 2), samples at 48 kHz. */
const silk = [480, 960, 1920, 2880]
const hybrid = [480, 960]
const celt = [120, 240, 480, 960]

const frameSamples = (configuration: number): number => {
  if (configuration < 12) return silk[configuration & 3]
  return configuration < 16 ? hybrid[configuration & 1] : celt[configuration & 3]
}

/** 120 ms, the longest packet there can be (§3.2.5). */
const maxSamples = 5760

/** Samples at 48 kHz in the Opus packet `bytes` from `start` to `end`, 0 for none. */
export const opusSamples = (bytes: Uint8Array, start: number, end: number): number => {
  if (start >= end) return 0
  const toc = bytes[start]
  const code = toc & 3
  const frames = code === 0 ? 1 : code < 3 ? 2 : start + 1 < end ? bytes[start + 1] & 0x3f : 0
  return Math.min(maxSamples, frames * frameSamples(toc >>> 3))
}
