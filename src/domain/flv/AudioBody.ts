/** Body of an FLV audio tag or RTMP audio message (FLV 10.1 §E.4.2, Enhanced RTMP v2 §ExAudioTagHeader). */

import { readUint32 } from "../bytes/bytes.ts"
import { AudioId } from "../codec/CodecId.ts"
import { frameOf, Kind, MediaFrame } from "../media/MediaFrame.ts"
import { AudioPacket, ExAudio, MalformedTag, modExEnd, splitTracks } from "./ExHeader.ts"

export const AacPacket = { SequenceHeader: 0, Raw: 1 } as const

const malformed = (reason: string, length: number) => new MalformedTag({ kind: "audio", reason, length })

/** An empty body is silence by the specification and gives no frame. */
export const readAudio = (
  published: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  emit: (frame: MediaFrame) => void
): MalformedTag | undefined => {
  if (end <= start) return undefined
  return bytes[start] >>> 4 === AudioId.ExHeader
    ? readEnhanced(published, bytes, start, end, emit)
    : readLegacy(published, bytes, start, end, emit)
}

const readLegacy = (
  published: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  emit: (frame: MediaFrame) => void
): MalformedTag | undefined => {
  const codec = bytes[start] >>> 4
  let dataStart = start + 1
  let header = false
  if (codec === AudioId.Aac) {
    if (end - start < 2) return malformed("no packet type", end - start)
    dataStart = start + 2
    // Encoders without extradata send a header with nothing in it: it must not replace a real one.
    header = bytes[start + 1] === AacPacket.SequenceHeader && dataStart < end
  }
  emit(new MediaFrame({ kind: Kind.Audio, published, bytes, start, end, dataStart, codec, header }))
  return undefined
}

const readEnhanced = (
  published: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  emit: (frame: MediaFrame) => void
): MalformedTag | undefined => {
  const length = end - start
  const at = modExEnd(bytes, start, end)
  if (at < 0) return malformed("endless ModEx prefix", length)
  const packetType = bytes[at] & 0x0f
  if (at === start && packetType !== AudioPacket.Multitrack) {
    return readPlain(published, bytes, start, end, 0, undefined, emit)
  }

  const modEx = at === start ? undefined : bytes.slice(start, at + 1)
  if (packetType === AudioPacket.Multitrack) {
    let failure: MalformedTag | undefined
    const reason = splitTracks(ExAudio, bytes, at + 1, end, AudioPacket.Multitrack, (track, body) => {
      failure ??= readPlain(published, body, 0, body.length, track, modEx, emit)
    })
    return reason === undefined ? failure : malformed(reason, length)
  }
  const body = bytes.slice(at, end)
  body[0] = ExAudio | packetType
  return readPlain(published, body, 0, body.length, 0, modEx, emit)
}

/** A body with neither multitrack nor ModEx. */
const readPlain = (
  published: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  track: number,
  modEx: Uint8Array | undefined,
  emit: (frame: MediaFrame) => void
): MalformedTag | undefined => {
  if (end - start < 5) return malformed("no fourCC", end - start)
  const packetType = bytes[start] & 0x0f
  const fields = {
    kind: Kind.Audio,
    published,
    bytes,
    start,
    end,
    dataStart: start + 5,
    track,
    codec: readUint32(bytes, start + 1),
    header: packetType === AudioPacket.SequenceStart || packetType === AudioPacket.MultichannelConfig
  }
  emit(frameOf(fields, modEx))
  return undefined
}
