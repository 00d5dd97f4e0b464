/** Query strings as SRS splits them: pairs at `&` or `;`, key and value at `=` or `,`. */
import { percentDecode } from "./target.ts"

/** More pairs than this are not looked at. */
export const maxPairs = 256

/** The first value of each key, percent-decoded, `+` as a space. `query` with or without its leading `?`. */
export const parseQuery = (query: string): ReadonlyMap<string, string> => {
  const values: Map<string, string> = new Map()
  for (const pair of (query.startsWith("?") ? query.slice(1) : query).split(/[&;]+/, maxPairs)) {
    const at = pair.search(/[=,]/)
    const key = decode(at < 0 ? pair : pair.slice(0, at))
    if (key !== "" && !values.has(key)) values.set(key, at < 0 ? "" : decode(pair.slice(at + 1)))
  }
  return values
}

const decode = (text: string): string => {
  const plain = text.replaceAll("+", " ")
  return percentDecode(plain) ?? plain
}
