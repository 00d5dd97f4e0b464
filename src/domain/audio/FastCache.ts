/**
 * `fast_cache`: the last seconds of a stream, given at once to whoever begins to listen. They are kept by a reader of
 * the log that stays so far behind, at most `queue_length`.
 */
import type { StartPolicy } from "../media/Cursor.ts"
import type { LogReader, SourceLog } from "../media/SourceLog.ts"

export class FastCache implements LogReader {
  readonly #log: SourceLog
  readonly #millis: number
  #index: number

  constructor(log: SourceLog, millis: number) {
    this.#log = log
    this.#millis = millis
    this.#index = log.end
  }

  readonly position = (): number => {
    const log = this.#log
    const oldest = log.timeline.latest - this.#millis
    let index = Math.max(this.#index, log.first)
    while (index < log.end && log.at(index).timestamp < oldest) index++
    this.#index = index
    return index
  }
}

/** Begins so long ago, as far as that is kept and of this publisher; with 0, with the next frame to come. */
export const startBehind =
  (millis: number): StartPolicy =>
  (log) => {
    const live = log.liveEntry
    if (millis <= 0) return live
    const oldest = live.timestamp - millis
    const first = Math.max(log.first, log.beginning?.index ?? log.end)
    let index = log.end
    while (index > first && log.at(index - 1).timestamp >= oldest) index--
    return { ...live, index }
  }
