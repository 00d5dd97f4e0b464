/** A log line as SRS writes it: `[YYYY-MM-DD HH:MM:SS.mmm][LEVEL][pid][cid] message` (config.md 11). */
import { srsErrors } from "../errors/SrsError.ts"
import {
  causeText,
  clockText,
  dateText,
  fieldText,
  type Level,
  type LogRecord,
  printable,
  valueText
} from "./LogRecord.ts"
import { srsStages, type Stage } from "./srsStages.ts"

export interface SrsLineOptions {
  readonly utc: boolean
  /** Warnings yellow, errors red. */
  readonly color: boolean
  readonly pid: number
  /** The server's own id, for lines outside of sessions. */
  readonly serverCid: string
  /** What the system says of an error number. */
  readonly errnoText: (errno: number) => string
}

const levelNames: Readonly<Record<Level, string>> = {
  Trace: "TRACE",
  Debug: "DEBUG",
  Info: "INFO",
  Warn: "WARN",
  Error: "ERROR",
  Fatal: "ERROR"
}

/** Ends without a line feed. */
export const srsLine = (record: LogRecord, options: SrsLineOptions): string => {
  const level = levelNames[record.level]
  const time = `${dateText(record.timeMillis, options.utc)} ${clockText(record.timeMillis, options.utc)}`
  const errno = level === "WARN" || level === "ERROR" ? `[${record.errno}]` : ""
  const head = `[${time}][${level}][${options.pid}][${record.sessionId || options.serverCid}]${errno}`
  const system = level === "ERROR" && record.errno !== 0 ? ` (${printable(options.errnoText(record.errno))})` : ""
  const text = `${head} ${srsMessage(record)}${system}${srsCause(record)}`
  if (!options.color || errno === "") return text
  return `\u001b[${level === "WARN" ? 33 : 31}m${text}\u001b[0m`
}

/** The event in SRS's words where SRS has words for it, else in ours with all its facts. */
const srsMessage = ({ message, fields, cause }: LogRecord): string => {
  const stage = Object.hasOwn(srsStages, message) ? srsStages[message] : undefined
  if (stage !== undefined) return stageText(stage, fields)
  const protocol = valueText(fields["network.protocol.name"] ?? "").toUpperCase()
  if (message === "session opened") return `${protocol} client ip=${valueText(fields["client.address"] ?? "")}, fd=-1`
  if (message === "session closed") return closedText(fields)
  if (message === "session failed") {
    const code = fields["error.code"] === undefined ? "-1" : valueText(fields["error.code"])
    const name = valueText(fields["error.name"] ?? "Error")
    return `serve error code=${code}(${name}) : ${printable(cause.split("\n")[0] ?? "")}`
  }
  const facts = Object.keys(fields).map((key) => `${printable(key)}=${fieldText(fields[key])}`)
  return [printable(message), ...facts].join(", ")
}

const srsCause = ({ message, cause }: LogRecord): string => {
  // The failure of a session has the first line in its message.
  const rest = message === "session failed" ? cause.split("\n").slice(1).join("\n") : cause
  return rest === "" ? "" : causeText(rest)
}

const closedText = (fields: LogRecord["fields"]): string => {
  if (fields["session.end_by"] === "peer") return `client disconnect peer. ret=${srsErrors.SocketClosed}`
  return fields["session.end"] === "closed"
    ? "client finished."
    : `client finished. end=${valueText(fields["session.end"])}`
}

const stageText = (stage: Stage, fields: LogRecord["fields"]): string => {
  const facts = stage.facts.filter(([, key]) => fields[key] !== undefined)
  const text = facts.map(([srs, key]) => `${srs}=${valueText(fields[key])}`).join(", ")
  return text === "" ? stage.text : `${stage.text}${stage.join}${text}`
}
