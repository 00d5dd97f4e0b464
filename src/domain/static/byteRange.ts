/** Parts of a file: the `Range` header (RFC 9110 §14.2), and the queries that SRS takes for MP4. */

/** Bytes from `from` to before `to`; `unsatisfiable`: none of the file is in the range. `undefined`: the whole file. */
export type ByteRange = { readonly from: number; readonly to: number } | "unsatisfiable" | undefined

const clip = (from: number, last: number, size: number): ByteRange => {
  if (from > last) return undefined
  return from >= size ? "unsatisfiable" : { from, to: Math.min(last, size - 1) + 1 }
}

/** One range. A malformed one is ignored, and several in one request are answered with the whole. */
export const parseRange = (value: string, size: number): ByteRange => {
  const shape = /^bytes[ \t]*=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(value)
  if (shape === null) return undefined
  const [, first, last] = shape
  if (first !== "") return clip(Number(first), last === "" ? Infinity : Number(last), size)
  if (last === "") return undefined
  return Number(last) === 0 || size === 0 ? "unsatisfiable" : { from: Math.max(0, size - Number(last)), to: size }
}

/** The value of `range=` or `bytes=` in a query: a missing first byte is 0. */
export const parseQueryRange = (value: string, size: number): ByteRange => {
  const shape = /^(\d*)-(\d*)$/.exec(value)
  if (shape === null) return undefined
  const [, first, last] = shape
  return clip(Number(first), last === "" ? Infinity : Number(last), size)
}
