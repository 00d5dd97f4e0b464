/** JSON as SRS prints it: compact, keys in the order given, numbers either whole or with exactly two decimals. */

/** A number that is printed with two decimals. */
export class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export const float = (value: number): Float => new Float(value)

export interface JsonObject {
  readonly [key: string]: Json
}

/** Plain numbers are whole. */
export type Json = string | number | bigint | boolean | null | Float | JsonObject | ReadonlyArray<Json>

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

export const printJson = (value: Json): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
      return Number.isFinite(value) ? Math.trunc(value).toFixed(0) : "0"
    case "bigint":
    case "boolean":
      return String(value)
  }
  if (value === null) return "null"
  if (value instanceof Float) return Number.isFinite(value.value) ? value.value.toFixed(2) : "0.00"
  if (isArray(value)) return `[${value.map(printJson).join(",")}]`
  let text = ""
  for (const key in value) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${printJson(value[key])}`
  return `{${text}}`
}
