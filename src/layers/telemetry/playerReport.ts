/** Common media client data as names and values, for API and log. */
import { CMCD_REQUEST_KEYS, CMCD_V1_KEYS, decodeCmcd } from "@svta/cml-cmcd"
import * as Result from "effect/Result"

/** Of a text; the rest is cut off. */
export const maxValueLength = 128

export type ReportValue = string | number | boolean

const known: ReadonlySet<string> = new Set([...CMCD_V1_KEYS, ...CMCD_REQUEST_KEYS])

/** The second version has lists of values with parameters, such as bitrates of pictures and sound. */
const plain = (value: unknown): ReportValue | undefined => {
  if (Array.isArray(value)) return value.map(plain).join(" ").slice(0, maxValueLength)
  if (typeof value === "object" && value !== null && "value" in value) return plain(value.value)
  if (typeof value === "symbol") return value.description ?? ""
  if (typeof value === "string") return value.slice(0, maxValueLength)
  return typeof value === "number" || typeof value === "boolean" ? value : undefined
}

/** The keys that the standard has; none of a text that is no report. */
export const readReport = (text: string): Readonly<Record<string, ReportValue>> => {
  const decoded = Result.getOrUndefined(Result.try((): object => decodeCmcd(text)))
  const found: Record<string, ReportValue> = {}
  for (const [key, value] of Object.entries(decoded ?? {})) {
    const shown = known.has(key) ? plain(value) : undefined
    if (shown !== undefined) found[key] = shown
  }
  return found
}
