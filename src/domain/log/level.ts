/** Which lines are logged: SRS's two spellings of a level. */
import type { Level } from "./LogRecord.ts"

const levels: ReadonlyMap<string, Level> = new Map([
  ["verbose", "Trace"],
  ["info", "Debug"],
  ["trace", "Info"],
  ["warn", "Warn"],
  ["error", "Error"]
])

const levelsV2: ReadonlyMap<string, Level> = new Map([
  ["trace", "Trace"],
  ["debug", "Debug"],
  ["info", "Info"],
  ["warn", "Warn"],
  ["error", "Error"]
])

/**
 * The lowest level logged, of `srs_log_level` and, unless it is empty, of `srs_log_level_v2` in its place. A word that
 * is not a level disables the log.
 */
export const minimumLevel = (srsLogLevel: string, srsLogLevelV2: string): Level | "None" =>
  (srsLogLevelV2 === "" ? levels.get(srsLogLevel) : levelsV2.get(srsLogLevelV2)) ?? "None"
