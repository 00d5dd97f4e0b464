/** Frames of a made-up stream: H.264 with a real header, AAC, sizes and contents that nobody decodes. */
import { AudioId, VideoId } from "../../../src/domain/codec/CodecId.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"

const frame = (
  kind: Kind,
  codec: number,
  published: number,
  bytes: Uint8Array,
  dataStart: number,
  more: { readonly keyframe?: boolean; readonly header?: boolean } = {}
): MediaFrame => new MediaFrame({ kind, codec, published, bytes, start: 0, end: bytes.length, dataStart, ...more })

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"))

/** AVCDecoderConfigurationRecord of x264, 160 × 120, baseline at the level given. */
export const avcHeader = (level = 0x0b, time = 0): MediaFrame =>
  frame(
    Kind.Video,
    VideoId.Avc,
    time,
    hex(`17 00 000000 01 42c0${level.toString(16).padStart(2, "0")} ff e1 0004 6742c00b 01 0004 68cb83cb`),
    5,
    { header: true }
  )

/** AudioSpecificConfig: AAC-LC, 44.1 kHz, stereo. */
export const aacHeader = (config = "1210", time = 0): MediaFrame =>
  frame(Kind.Audio, AudioId.Aac, time, hex(`af00${config}`), 2, { header: true })

/** One slice of so many bytes. */
export const picture = (time: number, keyframe = false, length = 200): MediaFrame => {
  const bytes = new Uint8Array(5 + 4 + length)
  bytes.set([keyframe ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, length >> 8, length & 0xff, keyframe ? 0x65 : 0x41])
  return frame(Kind.Video, VideoId.Avc, time, bytes, 5, { keyframe })
}

export const sound = (time: number, length = 100): MediaFrame => {
  const bytes = new Uint8Array(2 + length)
  bytes.set([0xaf, 1])
  return frame(Kind.Audio, AudioId.Aac, time, bytes, 2)
}

/** A frame of MP3, which needs no header before it: 128 kbit/s, 44.1 kHz. */
export const mp3Sound = (time: number): MediaFrame => {
  const bytes = new Uint8Array(1 + 417)
  bytes.set([0x2f, 0xff, 0xfb, 0x90, 0x00])
  return frame(Kind.Audio, AudioId.Mp3, time, bytes, 1)
}

export interface StreamShape {
  readonly millis: number
  readonly from?: number
  /** Between keyframes. */
  readonly gopMillis?: number
  readonly pictures?: boolean
  readonly sounds?: boolean
}

/** Headers, then frames in the order of their times: 25 pictures a second, sound each 23 ms. */
export const stream = ({ from = 0, gopMillis = 1000, millis, pictures = true, sounds = true }: StreamShape) => {
  const frames: Array<MediaFrame> = []
  for (let at = 0; at < millis; at++) {
    if (pictures && at % 40 === 0) frames.push(picture(from + at, at % gopMillis === 0))
    if (sounds && at % 23 === 0) frames.push(sound(from + at))
  }
  return [...(pictures ? [avcHeader(0x0b, from)] : []), ...(sounds ? [aacHeader("1210", from)] : []), ...frames]
}
