/** The log: its form, its lowest level, and where it is written. */
import * as util from "node:util"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { humanLine } from "../../domain/log/human.ts"
import { jsonLine } from "../../domain/log/json.ts"
import { type LogRecord, valueText } from "../../domain/log/LogRecord.ts"
import { srsLine } from "../../domain/log/srsLine.ts"
import { LogFloor, type LogSettings, LogTank } from "../../services/Telemetry.ts"
import { type LogTarget, makeLogSink } from "./LogSink.ts"

export interface LogOptions extends LogSettings {
  /** Has no effect on a file and on JSON. */
  readonly color: boolean
  readonly pid: number
  /** The id in SRS's lines outside of sessions. */
  readonly serverCid: string
}

/** Replaces every other logger. What is queued when the layer's scope closes is still written. */
export const layer = (options: LogOptions): Layer.Layer<LogTank> =>
  Layer.unwrap(
    Effect.gen(function* () {
      let format = formatter(options)
      let timeMillis = 0
      const sink = yield* makeLogSink(targetOf(options), (lines) => format(lostRecord(lines, timeMillis)))
      const logger = Logger.make<unknown, void>((entry) => {
        timeMillis = entry.date.getTime()
        sink.push(format(recordOf(entry)))
      })
      const configure = (settings: LogSettings) =>
        Effect.sync(() => {
          format = formatter({ ...options, ...settings })
          sink.configure(targetOf(settings))
        })
      return Layer.merge(
        Logger.layer([logger]),
        Layer.succeed(LogTank, { reopen: sink.reopen, configure, lost: sink.lost })
      )
    })
  )

/**
 * Leaves out of all loggers what is below the level, which `LogTank` can change: the level that fibers carry is that of
 * their start.
 */
export const layerLevel = (options: Pick<LogOptions, "minimumLevel">): Layer.Layer<LogTank, never, LogTank> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const tank = yield* LogTank
      const loggers = yield* Logger.CurrentLoggers
      let minimum = ordinalOf(options.minimumLevel)
      const isLogged = (level: LogLevel.LogLevel) => ordinalOf(level) >= minimum
      const filtered = [...loggers].map((logger) =>
        Logger.make<unknown, void>((entry) => {
          if (isLogged(entry.logLevel)) logger.log(entry)
        })
      )
      const configure = (settings: LogSettings) => {
        minimum = ordinalOf(settings.minimumLevel)
        return tank.configure(settings)
      }
      return Layer.mergeAll(
        Logger.layer(filtered),
        Layer.succeed(References.MinimumLogLevel, lowestLevel),
        Layer.succeed(LogFloor, { isLogged }),
        Layer.succeed(LogTank, { ...tank, configure })
      )
    })
  )

/** Below it nothing here is logged. */
const lowestLevel = "Debug"

const ordinalOf = (level: LogLevel.LogLevel): number => LogLevel.getOrdinal(level)

const targetOf = ({ file, keepFiles, rotateBytes }: LogSettings): LogTarget => ({ file, keepFiles, rotateBytes })

const formatter = (options: LogOptions): ((record: LogRecord) => string) => {
  const color = options.color && options.file === undefined
  if (options.format === "json") return jsonLine
  if (options.format === "human") return (record) => humanLine(record, { utc: options.utc, color })
  const { utc, pid, serverCid } = options
  return (record) => srsLine(record, { utc, pid, serverCid, color, errnoText })
}

const errnoText = (errno: number): string => util.getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`

const recordOf = ({ cause, date, fiber, logLevel, message }: Logger.Options<unknown>): LogRecord => {
  const { "session.id": sessionId, ...fields } = fiber.getRef(References.CurrentLogAnnotations)
  const span = fiber.cache.span?.sampled ? fiber.cache.span : undefined
  return {
    timeMillis: date.getTime(),
    level: logLevel === "All" || logLevel === "None" ? "Info" : logLevel,
    message: Array.isArray(message) ? message.map(valueText).join(" ") : valueText(message),
    sessionId: typeof sessionId === "string" ? sessionId : "",
    traceId: span?.traceId ?? "",
    spanId: span?.spanId ?? "",
    fields,
    cause: causeOf(cause),
    errno: errnoOf(cause)
  }
}

/** A stack is worth its lines for our own bugs only. */
const causeOf = (cause: Cause.Cause<unknown>): string => {
  if (cause.reasons.length === 0) return ""
  if (Cause.hasDies(cause)) return Cause.pretty(cause)
  return Cause.prettyErrors(cause)
    .map((error) => `${error.name}: ${error.message}`)
    .join("\n")
}

const errnoOf = (cause: Cause.Cause<unknown>): number => {
  for (const reason of cause.reasons) {
    const error = Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    const errno = typeof error === "object" && error !== null && "errno" in error ? error.errno : undefined
    if (typeof errno === "number") return Math.abs(errno)
  }
  return 0
}

const lostRecord = (lines: number, timeMillis: number): LogRecord => ({
  timeMillis,
  level: "Warn",
  message: "log lines lost",
  sessionId: "",
  traceId: "",
  spanId: "",
  fields: { "log.lost_lines": lines },
  cause: "",
  errno: 0
})
