/** What log lines and spans say of an error: SRS's number and name. */
import { srsErrorName, srsErrors } from "./SrsError.ts"

export interface ErrorFacts {
  /** SRS's number; absent where it has none. */
  readonly "error.code"?: number
  /** SRS's name for the number; the error's own where there is no number. */
  readonly "error.name": string
}

/** Numbers for errors that other packages define, and for those of the transport, which know no SRS. */
const codesByTag: ReadonlyMap<string, number> = new Map([
  ["TimeoutError", srsErrors.SocketTimeout],
  ["ConnectionClosed", srsErrors.SocketClosed]
])

/** The facts of any thrown or failed value. Total. */
export const errorFacts = (error: unknown): ErrorFacts => {
  if (typeof error !== "object" || error === null) return { "error.name": typeof error }
  const { code, _tag, name } = error as { readonly code?: unknown; readonly _tag?: unknown; readonly name?: unknown }
  const own = typeof _tag === "string" ? _tag : typeof name === "string" ? name : "Error"
  // Node's system errors have a `code` too, a text.
  const number = typeof code === "number" && Number.isSafeInteger(code) && code > 0 ? code : codesByTag.get(own)
  return number === undefined
    ? { "error.name": own }
    : { "error.code": number, "error.name": srsErrorName(number) ?? own }
}
