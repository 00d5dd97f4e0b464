/** What a publisher's frames pass on their way to the log, whichever protocol they came by. Times are still as published. */
import * as Result from "effect/Result"
import { decodeAll } from "../amf/Amf0.ts"
import { SilentAudio } from "../codec/silentAac.ts"
import { readMetadata } from "../flv/Metadata.ts"
import { Kind, type MediaFrame } from "./MediaFrame.ts"
import { MixCorrect } from "./MixCorrect.ts"

export interface PublishPathOptions {
  /** Silent sound for a stream that has none (`silent_audio`). */
  readonly silentAudio: boolean
  readonly mixCorrect: boolean
  /** Told when metadata says that times are absolute (`atc_auto`). */
  readonly onAbsoluteTimes: (() => void) | undefined
}

type Take = (frame: MediaFrame) => void

export interface PublishPath {
  readonly push: Take
  /** Frames may wait for others before they go on. */
  readonly delays: boolean
  /** Gives what still waits, when the publisher leaves. */
  readonly end: () => void
}

const nothing = (): void => undefined

/** Without options the way is `append` itself. */
export const publishPath = (options: PublishPathOptions, append: Take): PublishPath => {
  const mix = options.mixCorrect ? new MixCorrect(append) : undefined
  let push: Take = mix === undefined ? append : (frame) => mix.push(frame)
  if (options.silentAudio) push = withSilence(push)
  if (options.onAbsoluteTimes !== undefined) push = watchMetadata(options.onAbsoluteTimes, push)
  return { push, delays: mix !== undefined, end: mix === undefined ? nothing : () => mix.end() }
}

/**
 * Silence keeps to the times as published, so that the timeline's repair treats it like sound of the publisher's own.
 * Headers have any time and do not count.
 */
const withSilence = (next: Take): Take => {
  const silence = new SilentAudio()
  return (frame) => {
    if (frame.kind === Kind.Audio && !silence.acceptsAudio()) return
    if (frame.kind === Kind.Video && !frame.header && frame.track === 0) silence.framesUntil(frame.published, next)
    next(frame)
  }
}

const watchMetadata =
  (onAbsoluteTimes: () => void, next: Take): Take =>
  (frame) => {
    if (frame.kind === Kind.Data && frame.header && declaresAbsoluteTimes(frame)) onAbsoluteTimes()
    next(frame)
  }

/** `bravo_atc` of Bravo's encoders. */
const declaresAbsoluteTimes = ({ bytes, end, start }: MediaFrame): boolean => {
  const values = decodeAll(bytes, start, end)
  return Result.isSuccess(values) && readMetadata(values.success, "", "")?.bravoAtc === true
}
