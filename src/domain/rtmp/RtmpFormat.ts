/**
 * RTMP players as a projection: bytes shared by viewers that differ in time base, message stream and place of joining.
 *
 * Audio, video and data each have a fixed chunk stream. Shared bytes hold only fmt 1 headers with a delta to the last
 * message of the same chunk stream, and fmt 3 continuations: nothing in them depends on the viewer. Whoever enters has
 * the first message of each chunk stream encoded for itself, with fmt 0: that anchors its time base and stream id, and
 * all later deltas follow. A message whose delta cannot be written (the first of its kind, or backwards, or over
 * 16777214 ms) is encoded for each viewer in the same way.
 */
import { wrapModEx, wrapTrack } from "../flv/Enhanced.ts"
import { concat, equals, readUint24 } from "../bytes/bytes.ts"
import { Encoded, type Format, type Join, type SharedEncoder, type ViewerFormat } from "../media/Format.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { ChunkStreamId } from "./Command.ts"
import { chunkedLength, encodeMessage, messageLength, writeBody, writeFmt1 } from "./ChunkWriter.ts"
import { extendedMark } from "./ChunkStream.ts"
import { maxMessageBytes } from "./limits.ts"

/** Plays of one connection that can have chunk streams of their own below 64. */
export const maxPlaces = 19

/** Chunk streams of data, video and audio, by lane: those of commands (2, 3, 5) are left free. */
const chunkStreamsOf = (place: number): readonly [number, number, number] =>
  place === 0
    ? [ChunkStreamId.Data, ChunkStreamId.Video, ChunkStreamId.Audio]
    : [5 + 3 * place, 6 + 3 * place, 7 + 3 * place]

/** Length of a fmt 1 header with a 1-byte basic header (RTMP 1.0 §5.3.1.2.2). */
const fmt1Length = 8

/** Room for what goes before the body of a frame that is not relayed as it is: track and ModEx. */
const maxPrefixBytes = 1024

/** Lanes: 0 data, 1 video, 2 audio, each a chunk stream. */
const laneOf = (frame: MediaFrame): number => (frame.kind === Kind.Audio ? 2 : frame.kind === Kind.Video ? 1 : 0)

export interface RtmpFormatOptions {
  /** Outgoing chunk size in bytes, as announced to the peer. */
  readonly chunkSize: number
  /** Repaired times, or those of the publisher (`time_jitter off` and `zero`, `atc on`). */
  readonly times: "repaired" | "published"
  /** The viewer's time 0: where it joins, or the publisher's own zero. */
  readonly base: "join" | "absolute"
  /** The player announced multitrack (ModEx): it gets all tracks (prefixes), else track 0 without them. */
  readonly multitrack: boolean
  readonly modEx: boolean
  /** Leave out a codec header equal to the one before (`reduce_sequence_header`). */
  readonly reduceHeaders: boolean
  /** Message stream id of this viewer. */
  readonly streamId: number
  /** Which play of its connection this is, below `maxPlaces`: each has chunk streams of its own. */
  readonly place: number
}

/** Metadata has the time 0 always, as from SRS: FFmpeg takes any other for a stream of its own, empty and of text. */
const timeOf = (frame: MediaFrame, { times }: RtmpFormatOptions, base: number): number => {
  if (frame.kind === Kind.Data) return 0
  return (times === "repaired" ? frame.timestamp : frame.published) - base
}

/** The body as this kind of player understands it, or undefined if the frame is not for it. */
const bodyOf = (frame: MediaFrame, options: RtmpFormatOptions): Uint8Array | undefined => {
  if (frame.track !== 0 && !options.multitrack) return undefined
  const body = frame.track === 0 ? frame.body : wrapTrack(frame)
  return options.modEx ? wrapModEx(frame, body) : body
}

class RtmpEncoder implements SharedEncoder {
  readonly #options: RtmpFormatOptions
  /** Time of the last message of each lane. */
  readonly #last = [-1, -1, -1]
  readonly #headers = new Map<number, MediaFrame>()
  readonly #chunkStreams: readonly [number, number, number]

  constructor(options: RtmpFormatOptions) {
    this.#options = options
    this.#chunkStreams = chunkStreamsOf(options.place)
  }

  lane(frame: MediaFrame): number {
    return laneOf(frame)
  }

  encode(frame: MediaFrame, out: SlabWriter): Encoded {
    const options = this.#options
    const relayed = frame.track === 0 && !(options.modEx && frame.modEx !== undefined)
    if (frame.track !== 0 && !options.multitrack) return Encoded.Absent
    // Only other protocols can bring a frame that no RTMP message can hold.
    if (frame.length > maxMessageBytes - (relayed ? 0 : maxPrefixBytes)) return Encoded.Absent
    if (frame.header && options.reduceHeaders && this.#repeats(frame)) return Encoded.Absent
    const lane = laneOf(frame)
    const time = timeOf(frame, options, 0)
    const last = this.#last[lane]
    this.#last[lane] = time
    if (last < 0 || time < last || time - last >= extendedMark) return Encoded.Own
    if (relayed) this.#write(frame, lane, time - last, frame.bytes, frame.start, frame.end, out)
    else {
      const body = bodyOf(frame, options) as Uint8Array
      this.#write(frame, lane, time - last, body, 0, body.length, out)
    }
    return Encoded.Shared
  }

  #write(
    frame: MediaFrame,
    lane: number,
    delta: number,
    from: Uint8Array,
    start: number,
    end: number,
    out: SlabWriter
  ) {
    const { chunkSize } = this.#options
    const total = chunkedLength(end - start, fmt1Length, chunkSize)
    const slab = out.reserve(total)
    const chunkStreamId = this.#chunkStreams[lane]
    const at = writeFmt1(slab.bytes, slab.used, chunkStreamId, delta, end - start, frame.kind)
    writeBody(slab.bytes, at, chunkStreamId, from, start, end, chunkSize, -1)
    out.commit(slab, total)
  }

  #repeats(frame: MediaFrame): boolean {
    const key = frame.kind * 256 + frame.track
    const before = this.#headers.get(key)
    this.#headers.set(key, frame)
    return frame.kind !== Kind.Data && before !== undefined && equals(before.body, frame.body)
  }
}

class RtmpViewer implements ViewerFormat {
  readonly #options: RtmpFormatOptions
  /** Milliseconds that are this viewer's zero; taken once, so that its time goes on over jumps. */
  #base: number | undefined
  /** Of the message being cut: bytes of the extended timestamp in each chunk, and bytes not given yet. */
  #extraLength = 0
  #left = 0

  constructor(options: RtmpFormatOptions) {
    this.#options = options
    if (options.base === "absolute") this.#base = 0
  }

  enter(join: Join): Uint8Array {
    const { times } = this.#options
    // What still follows is as early in published times as in repaired ones.
    const shift = times === "repaired" ? 0 : join.published - join.timestamp
    this.#base ??= shift + Math.min(join.earliestAudio, join.earliestVideo)
    const audio = shift + join.earliestAudio - this.#base
    const video = shift + join.earliestVideo - this.#base
    const timeOfHeader = ({ kind }: MediaFrame) => (kind === Kind.Data ? 0 : kind === Kind.Audio ? audio : video)
    return concat(join.headers.map((header) => this.#encode(header, timeOfHeader(header))))
  }

  /** Between two chunks, where others may write; no further than to the end of the first of several messages. */
  cut(bytes: Uint8Array, most: number): number {
    const { chunkSize } = this.#options
    const fmt = bytes[0] >>> 6
    const headerLength = fmt === 0 ? 12 : fmt === 1 ? fmt1Length : 1
    if (fmt !== 3) {
      const extended = fmt === 0 && readUint24(bytes, 1) === extendedMark
      this.#extraLength = extended ? 4 : 0
      this.#left = messageLength(readUint24(bytes, 4), headerLength + this.#extraLength, chunkSize, extended)
    }
    const first = headerLength + this.#extraLength + chunkSize
    const next = 1 + this.#extraLength + chunkSize
    const length = Math.min(this.#left, first + next * Math.max(0, Math.floor((most - first) / next)))
    this.#left -= length
    return length
  }

  own(frame: MediaFrame): Uint8Array {
    return this.#encode(frame, this.#timeOf(frame))
  }

  ownKey(frame: MediaFrame): string {
    return `${this.#options.streamId} ${this.#timeOf(frame)}`
  }

  #timeOf(frame: MediaFrame): number {
    return timeOf(frame, this.#options, this.#base ?? 0)
  }

  #encode(frame: MediaFrame, time: number): Uint8Array {
    const body = bodyOf(frame, this.#options)
    if (body === undefined) return new Uint8Array(0)
    const { chunkSize, place, streamId } = this.#options
    const chunkStreamId = chunkStreamsOf(place)[laneOf(frame)]
    return encodeMessage({ chunkStreamId, type: frame.kind, timestamp: time >>> 0, streamId, body, chunkSize })
  }
}

export const rtmpFormat = (options: RtmpFormatOptions): Format => ({
  key: `rtmp ${options.place} ${options.chunkSize} ${options.times} ${options.multitrack} ${options.modEx} ${options.reduceHeaders}`,
  lanes: 0b111,
  encoder: () => new RtmpEncoder(options),
  viewer: () => new RtmpViewer(options)
})

const isSame = (a: RtmpFormatOptions, b: RtmpFormatOptions): boolean => {
  for (const option in a)
    if (a[option as keyof RtmpFormatOptions] !== b[option as keyof RtmpFormatOptions]) return false
  return true
}

/** For all players of a server: most ask for the same as the one before, and share the options with it. */
export const rtmpFormats = (): ((options: RtmpFormatOptions) => Format) => {
  let last: { readonly options: RtmpFormatOptions; readonly format: Format } | undefined
  return (options) => {
    if (last === undefined || !isSame(last.options, options)) last = { options, format: rtmpFormat(options) }
    return last.format
  }
}
