/** A log line for the eyes of whoever runs the server in a terminal. */
import { causeText, clockText, fieldText, type Level, type LogRecord, printable } from "./LogRecord.ts"

export interface HumanOptions {
  readonly utc: boolean
  readonly color: boolean
}

const colors: Readonly<Record<Level, string>> = {
  Trace: "\u001b[90m",
  Debug: "\u001b[36m",
  Info: "\u001b[32m",
  Warn: "\u001b[33m",
  Error: "\u001b[31m",
  Fatal: "\u001b[1;31m"
}
const dim = "\u001b[2m"
const reset = "\u001b[0m"

/** Time, level, event, then session, facts and trace. Ends without a line feed. */
export const humanLine = (record: LogRecord, options: HumanOptions): string => {
  const paint = (color: string, text: string) => (options.color ? `${color}${text}${reset}` : text)
  const parts = [
    paint(dim, clockText(record.timeMillis, options.utc)),
    paint(colors[record.level], record.level.toUpperCase().padEnd(5)),
    printable(record.message)
  ]
  if (record.sessionId !== "") parts.push(`session=${record.sessionId}`)
  for (const key in record.fields) parts.push(`${paint(dim, `${printable(key)}=`)}${fieldText(record.fields[key])}`)
  if (record.traceId !== "") parts.push(paint(dim, `trace=${record.traceId}`))
  return parts.join(" ") + (record.cause === "" ? "" : causeText(record.cause))
}
