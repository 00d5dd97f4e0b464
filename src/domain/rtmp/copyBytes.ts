/**
 * `Buffer`'s copy, on any byte array: it needs no view of the source. For 345 bytes on Bun 1.4 it takes 65 ns, where
 * `set` with a `subarray` takes 208, and 520 if the source is a Buffer, as sockets give them.
 */
const { copy } = Buffer.prototype

/** Copies `source[start, end)` to `target` at `at`. */
export const copyBytes = (source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void => {
  copy.call(source, target, at, start, end)
}
