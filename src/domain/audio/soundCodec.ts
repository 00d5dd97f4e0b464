/** What the sound of a stream is, for formats that carry one codec alone. */
import { AudioId, FourCc } from "../codec/CodecId.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SourceLog } from "../media/SourceLog.ts"
import { isConfiguration } from "../mp4/coded.ts"
import { adtsTemplate } from "../ts/Adts.ts"

export const isAac = (codec: number): boolean => codec === AudioId.Aac || codec === FourCc.Aac

export const isMp3 = (codec: number): boolean =>
  codec === AudioId.Mp3 || codec === AudioId.Mp3Rate8k || codec === FourCc.Mp3

const isSound = (frame: MediaFrame): boolean => frame.kind === Kind.Audio && frame.track === 0

const soundHeader = (log: SourceLog): MediaFrame | undefined =>
  log.headers.find((frame) => isSound(frame) && isConfiguration(frame))

/** The newest frame of sound that the log has. */
const soundFrame = (log: SourceLog): MediaFrame | undefined => {
  for (let index = log.end - 1; index >= log.first; index--) {
    const frame = log.at(index)
    if (isSound(frame) && !frame.header) return frame
  }
  return undefined
}

/** AAC that ADTS can carry, with its AudioSpecificConfig; undefined if the stream has not told yet. */
export const carriesAac = (log: SourceLog): boolean | undefined => {
  if (!log.hasAudio) return undefined
  const header = soundHeader(log)
  if (header !== undefined) return isAac(header.codec) && adtsTemplate(header.data) !== undefined
  return soundFrame(log) === undefined ? undefined : false
}

/** Undefined if the stream has not told yet. */
export const carriesMp3 = (log: SourceLog): boolean | undefined => {
  if (!log.hasAudio) return undefined
  const first = soundHeader(log) ?? soundFrame(log)
  return first && isMp3(first.codec)
}
