/** A log line for machines: one flat JSON object. */
import { escapeUnicode, type LogRecord, maxCauseChars, maxValueChars, unprintable, valueText } from "./LogRecord.ts"

const jsonValue = (value: unknown): unknown =>
  typeof value === "number" || typeof value === "boolean" || value === null
    ? value
    : typeof value === "string"
      ? value.slice(0, maxValueChars)
      : valueText(value)

/** `time` is ISO 8601 in UTC; facts keep their dotted keys. Ends without a line feed. */
export const jsonLine = (record: LogRecord): string => {
  const line: Record<string, unknown> = {
    time: new Date(record.timeMillis).toISOString(),
    level: record.level.toUpperCase(),
    message: record.message.slice(0, maxValueChars)
  }
  if (record.sessionId !== "") line["session.id"] = record.sessionId
  if (record.traceId !== "") {
    line["trace_id"] = record.traceId
    line["span_id"] = record.spanId
  }
  // A fact cannot pass for what the line itself says.
  for (const key in record.fields)
    if (!Object.hasOwn(line, key)) line[key.slice(0, maxValueChars)] = jsonValue(record.fields[key])
  if (record.cause !== "") line["cause"] = record.cause.slice(0, maxCauseChars)
  // JSON itself lets DEL, C1 controls and line separators pass.
  return JSON.stringify(line).replace(unprintable, escapeUnicode)
}
