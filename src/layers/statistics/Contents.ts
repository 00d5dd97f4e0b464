/** What streams carry, read from their logs when somebody asks: a header is decoded once. */
import { type AudioFacts, audioFacts, type VideoFacts, videoFacts } from "../../domain/stats/codecFacts.ts"
import { FrameRate } from "../../domain/stats/Rate.ts"
import type { StreamAccount } from "../../domain/stats/Ledger.ts"
import { Kind, type MediaFrame } from "../../domain/media/MediaFrame.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import type { Source } from "../../services/SourceRegistry.ts"
import type { StreamState } from "../../services/Statistics.ts"

/** How many of the newest frames are looked at for a track without header. */
const maxFrames = 64

/** Of the frames a second that are shown. */
const frameRateMillis = 10_000

interface Known {
  publisher: string
  readonly frameRate: FrameRate
  videoFrom: MediaFrame | undefined
  video: VideoFacts | undefined
  audioFrom: MediaFrame | undefined
  audio: AudioFacts | undefined
}

const headerOf = ({ headers }: SourceLog, kind: Kind): MediaFrame | undefined =>
  headers.find((header) => header.kind === kind)

const newestOf = (log: SourceLog, kind: Kind): MediaFrame | undefined => {
  for (let index = log.end - 1; index >= Math.max(log.first, log.end - maxFrames); index--) {
    if (log.at(index).kind === kind) return log.at(index)
  }
  return undefined
}

const unpublished = {
  active: false,
  framesPerSecond: 0,
  gop: { millis: 0, frames: 0 },
  video: undefined,
  audio: undefined
} as const

export class Contents {
  readonly #find: (key: string) => Source | undefined
  /** An account ends with its stream. */
  readonly #known: WeakMap<StreamAccount, Known> = new WeakMap()

  constructor(find: (key: string) => Source | undefined) {
    this.#find = find
  }

  look(stream: StreamAccount): StreamState {
    const source = this.#find(stream.key)
    const publisher = source?.publisher()
    const frames = source?.log.videoFrames ?? 0
    if (source === undefined || publisher === undefined) {
      this.#known.delete(stream)
      return { ...unpublished, frames }
    }
    let known = this.#known.get(stream)
    if (known?.publisher !== publisher.sessionId) {
      known = {
        publisher: publisher.sessionId,
        frameRate: new FrameRate(frameRateMillis),
        videoFrom: undefined,
        video: undefined,
        audioFrom: undefined,
        audio: undefined
      }
      this.#known.set(stream, known)
    }
    learn(known, source.log)
    const { audio, frameRate, video } = known
    return { active: true, frames, framesPerSecond: frameRate.perSecond, gop: source.log.gop, video, audio }
  }

  /** Lets the rates go on. */
  sample(stream: StreamAccount, nowMillis: number): void {
    const { frames } = this.look(stream)
    this.#known.get(stream)?.frameRate.sample(frames, nowMillis)
  }
}

/** A header tells all; without one the first frame seen tells the codec, and stays the source of that. */
const learn = (known: Known, log: SourceLog): void => {
  if (log.hasVideo) {
    const from = headerOf(log, Kind.Video) ?? known.videoFrom ?? newestOf(log, Kind.Video)
    if (from !== undefined && from !== known.videoFrom) known.video = videoFacts(from)
    known.videoFrom = from
  }
  if (log.hasAudio) {
    const from = headerOf(log, Kind.Audio) ?? known.audioFrom ?? newestOf(log, Kind.Audio)
    if (from !== undefined && from !== known.audioFrom) known.audio = audioFacts(from)
    known.audioFrom = from
  }
}
