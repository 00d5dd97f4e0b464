/** Calls of the C library, from Bun on Linux by `bun:ffi`. */
import { createRequire } from "node:module"
import type * as BunFfi from "bun:ffi"

/** By the names of their files. */
const libraries = ["libc.so.6", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`]

export type CFunctions = Readonly<Record<string, BunFfi.FFIFunction>>
export type CCalls<Functions extends CFunctions> = BunFfi.ConvertFns<Functions>

/** `undefined` on another runtime or system. Takes some milliseconds for each function. */
export const openCLibrary = <const Functions extends CFunctions>(
  functions: Functions
): CCalls<Functions> | undefined => {
  if (!("Bun" in globalThis) || process.platform !== "linux") return undefined
  const { dlopen } = createRequire(import.meta.url)("bun:ffi") as typeof BunFfi
  for (const library of libraries) {
    try {
      return dlopen(library, functions).symbols
    } catch {
      // Not this one.
    }
  }
  return undefined
}
