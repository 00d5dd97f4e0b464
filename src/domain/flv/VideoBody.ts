/** Body of an FLV video tag or RTMP video message (FLV 10.1 §E.4.3, Enhanced RTMP v2 §ExVideoTagHeader). */

import { readInt24, readUint32 } from "../bytes/bytes.ts"
import { FourCc, VideoId } from "../codec/CodecId.ts"
import { frameOf, Kind, MediaFrame } from "../media/MediaFrame.ts"
import {
  FrameType,
  IsExHeader,
  MalformedTag,
  modExEnd,
  plainHeaderLength,
  splitTracks,
  VideoPacket
} from "./ExHeader.ts"

/** AVCPacketType of the legacy layout that H.264, HEVC and AV1 share. */
export const AvcPacket = { SequenceHeader: 0, Nalu: 1, EndOfSequence: 2 } as const

/** First byte, packet type, composition time. */
export const legacyAvcHeaderLength = 5

const malformed = (reason: string, length: number) => new MalformedTag({ kind: "video", reason, length })

const isKey = (frameType: number): boolean => frameType === FrameType.Key || frameType === FrameType.GeneratedKey

/** H.264, and HEVC and AV1 by convention: their legacy bodies have a packet type and a composition time. */
const hasPacketType = (codec: number): boolean =>
  codec === VideoId.Avc || codec === VideoId.Hevc || codec === VideoId.Av1

/** Codecs whose CodedFrames packets begin with a composition time; CodedFramesX leaves it out. */
export const hasCompositionTime = (fourCc: number): boolean =>
  fourCc === FourCc.Avc || fourCc === FourCc.Hevc || fourCc === FourCc.Vvc

export class VideoBodyReader {
  /** Of the latest enhanced message: a command frame names none. */
  #codec = 0

  read(
    published: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    emit: (frame: MediaFrame) => void
  ): MalformedTag | undefined {
    if (end <= start) return undefined
    return (bytes[start] & IsExHeader) === 0
      ? readLegacy(published, bytes, start, end, emit)
      : this.#readEnhanced(published, bytes, start, end, emit)
  }

  #readEnhanced(
    published: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    emit: (frame: MediaFrame) => void
  ): MalformedTag | undefined {
    const length = end - start
    const at = modExEnd(bytes, start, end)
    if (at < 0) return malformed("endless ModEx prefix", length)
    const packetType = bytes[at] & 0x0f
    const frameType = (bytes[start] >>> 4) & 0x07
    if (at === start && packetType !== VideoPacket.Multitrack) {
      return this.#readPlain(published, bytes, start, end, 0, undefined, emit)
    }

    const modEx = at === start ? undefined : bytes.slice(start, at + 1)
    const firstBits = bytes[start] & 0xf0
    const isCommand = frameType === FrameType.Command && packetType !== VideoPacket.Metadata
    if (packetType === VideoPacket.Multitrack && !isCommand) {
      let failure: MalformedTag | undefined
      const reason = splitTracks(firstBits, bytes, at + 1, end, VideoPacket.Multitrack, (track, body) => {
        failure ??= this.#readPlain(published, body, 0, body.length, track, modEx, emit)
      })
      return reason === undefined ? failure : malformed(reason, length)
    }
    const body = bytes.slice(at, end)
    body[0] = firstBits | packetType
    return this.#readPlain(published, body, 0, body.length, 0, modEx, emit)
  }

  /** A body with neither multitrack nor ModEx. */
  #readPlain(
    published: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    track: number,
    modEx: Uint8Array | undefined,
    emit: (frame: MediaFrame) => void
  ): MalformedTag | undefined {
    const length = end - start
    const packetType = bytes[start] & 0x0f
    const frameType = (bytes[start] >>> 4) & 0x07
    const command = frameType === FrameType.Command && packetType !== VideoPacket.Metadata
    const coded = packetType === VideoPacket.CodedFrames || packetType === VideoPacket.CodedFramesX
    const starts = packetType === VideoPacket.SequenceStart || packetType === VideoPacket.Mpeg2TsSequenceStart
    const header = starts && !command
    let dataStart = start + 1
    let compositionOffset = 0
    if (!command) {
      if (length < plainHeaderLength) return malformed("no fourCC", length)
      this.#codec = readUint32(bytes, start + 1)
      dataStart = start + plainHeaderLength
      if (packetType === VideoPacket.CodedFrames && hasCompositionTime(this.#codec)) {
        if (length < plainHeaderLength + 3) return malformed("no composition time", length)
        compositionOffset = readInt24(bytes, dataStart)
        dataStart += 3
      }
    }
    const keyframe = coded && isKey(frameType)
    const codec = this.#codec
    const fields = {
      kind: Kind.Video,
      published,
      bytes,
      start,
      end,
      dataStart,
      track,
      codec,
      compositionOffset,
      keyframe,
      header
    }
    emit(frameOf(fields, modEx))
    return undefined
  }
}

/** Frame type and codec id, then for some codecs packet type and composition time. */
const readLegacy = (
  published: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  emit: (frame: MediaFrame) => void
): MalformedTag | undefined => {
  const frameType = bytes[start] >>> 4
  const codec = bytes[start] & 0x0f
  let dataStart = start + 1
  let compositionOffset = 0
  let keyframe = isKey(frameType)
  let header = false
  if (hasPacketType(codec) && frameType !== FrameType.Command) {
    if (end - start < 2) return malformed("no packet type", end - start)
    const packetType = bytes[start + 1]
    dataStart = start + legacyAvcHeaderLength
    if (dataStart > end) {
      if (packetType <= AvcPacket.Nalu) return malformed("no composition time", end - start)
      dataStart = end
    }
    // Encoders without extradata send a header with nothing in it: it must not replace a real one.
    header = packetType === AvcPacket.SequenceHeader && dataStart < end
    keyframe = keyframe && packetType === AvcPacket.Nalu
    if (packetType === AvcPacket.Nalu) compositionOffset = readInt24(bytes, start + 2)
  }
  emit(
    new MediaFrame({
      kind: Kind.Video,
      published,
      bytes,
      start,
      end,
      dataStart,
      codec,
      compositionOffset,
      keyframe,
      header
    })
  )
  return undefined
}
