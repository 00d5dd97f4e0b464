/** One line of the log before it has a form, and the pieces that the forms share. */

export type Level = "Trace" | "Debug" | "Info" | "Warn" | "Error" | "Fatal"

export interface LogRecord {
  /** Milliseconds of the epoch. */
  readonly timeMillis: number
  readonly level: Level
  /** A constant event in lower case. */
  readonly message: string
  /** Empty outside of sessions. */
  readonly sessionId: string
  /** Hexadecimal; both empty when nothing is traced. */
  readonly traceId: string
  readonly spanId: string
  /** What the line tells, by dotted keys, `session.id` left out. */
  readonly fields: Readonly<Record<string, unknown>>
  /** The cause of a failure, several lines of text; empty when there is none. */
  readonly cause: string
  /** The system's error number behind the cause, 0 for none. */
  readonly errno: number
}

/** Longest value and longest cause of a line, characters; the rest is cut off. */
export const maxValueChars = 1024
export const maxCauseChars = 4096

// Controls, and the separators that end a line for some readers: a peer chooses what is logged of it.
export const unprintable = /[\p{Cc}\p{Zl}\p{Zp}]/gu

/** As JSON writes a character. */
export const escapeUnicode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

const escape = (char: string) =>
  char === "\n" ? "\\n" : char === "\t" ? "\\t" : char === "\r" ? "\\r" : escapeUnicode(char)

/** The text on one line, without control characters, at most `maxChars` of it. */
export const printable = (text: string, maxChars = maxValueChars): string => {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
  return cut.replace(unprintable, escape)
}

/** Any value as one line. Total: what has no JSON form is named by its type. */
export const valueText = (value: unknown): string => {
  if (typeof value === "string") return printable(value)
  if (value === null || typeof value !== "object") return printable(String(value))
  try {
    return printable(JSON.stringify(value) ?? typeof value)
  } catch {
    return "[object]"
  }
}

/** A value between spaces: in quotes if it holds any, or is empty. */
export const fieldText = (value: unknown): string => {
  const text = valueText(value)
  return text === "" || /[\s"=]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text
}

/** The lines of a cause, each printable, each indented. */
export const causeText = (cause: string): string =>
  cause
    .slice(0, maxCauseChars)
    .split("\n")
    .map((line) => `\n    ${printable(line.trim())}`)
    .join("")

const two = (value: number) => String(value).padStart(2, "0")

/** `HH:MM:SS.mmm`, in the time zone of the process or in UTC. */
export const clockText = (timeMillis: number, utc: boolean): string => {
  const date = new Date(timeMillis)
  const [hours, minutes, seconds] = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()]
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(date.getUTCMilliseconds()).padStart(3, "0")}`
}

/** `YYYY-MM-DD`, likewise. */
export const dateText = (timeMillis: number, utc: boolean): string => {
  const date = new Date(timeMillis)
  const [year, month, day] = utc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()]
  return `${String(year).padStart(4, "0")}-${two(month + 1)}-${two(day)}`
}
