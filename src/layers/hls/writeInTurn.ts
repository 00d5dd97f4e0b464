/** A segment, then the list that has it. By plain calls: an Effect for each step costs more than the step. */
import * as Effect from "effect/Effect"
import type { ListFile, SegmentFiles, StoreFailed, Told } from "../../services/SegmentStore.ts"

export interface Turn {
  readonly files: SegmentFiles
  readonly file: string
  readonly bytes: Uint8Array
  readonly list: ListFile
  /** The segment is there: gives the list. */
  readonly listed: () => Uint8Array
  /** The list could not be written. */
  readonly unlisted: (failure: StoreFailed) => Effect.Effect<void>
}

/** Fails, or is interrupted, before the segment is there; after that nothing fails. */
export const writeInTurn = ({ bytes, file, files, list, listed, unlisted }: Turn): Effect.Effect<void, StoreFailed> =>
  Effect.callback((resume) => {
    let isWanted = true
    const ended: Told = (failure) => resume(failure === undefined ? Effect.void : unlisted(failure))
    const written: Told = (failure) => {
      if (failure !== undefined) return resume(Effect.fail(failure))
      list.begin(listed(), ended, () => isWanted)
    }
    files.begin(file, bytes, written, () => isWanted)
    return Effect.sync(() => {
      isWanted = false
    })
  })
