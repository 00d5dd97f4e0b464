/** The shape of a JSON text: a line for each key, by path, with its type, in order. A number with decimals is a float. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A character that no answer has. */
const mark = "\u0001float"

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "arr"
  if (value === mark) return "float"
  if (typeof value === "number") return "int"
  if (typeof value === "boolean") return "bool"
  return typeof value === "string" ? "str" : "obj"
}

const walk = (value: unknown, path: string, lines: Array<string>): void => {
  if (path !== "") lines.push(`${path} ${typeOf(value)}`)
  if (typeof value !== "object" || value === null) return
  for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`, lines)
}

/** Fails for a number with decimals that are not two. */
export const jsonShape = (text: string): ReadonlyArray<string> => {
  const marked = text.replace(/:-?\d+\.\d\d(?=[,}\]])/g, `:"\\u0001float"`)
  if (/[:,[]-?\d+\.\d/.test(marked.replace(/"(?:[^"\\]|\\.)*"/g, '""'))) throw new Error(`odd decimals in ${text}`)
  const lines: Array<string> = []
  walk(JSON.parse(marked), "", lines)
  return lines
}

/** The lines of `test/golden/<name>.txt`. */
export const goldenShape = (name: string): ReadonlyArray<string> =>
  readFileSync(join(import.meta.dir, `../golden/${name}.txt`), "utf8")
    .trimEnd()
    .split("\n")
