/** Which frames hold coded media: not headers, ends of sequence, commands or metadata about the picture. */

import { AudioId, isEnhanced, VideoId } from "../codec/CodecId.ts"
import { AudioPacket, FrameType, IsExHeader, VideoPacket } from "../flv/ExHeader.ts"
import { AacPacket } from "../flv/AudioBody.ts"
import { AvcPacket } from "../flv/VideoBody.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"

const isCodedVideo = ({ bytes, codec, start }: MediaFrame): boolean => {
  const first = bytes[start]
  const command = ((first >>> 4) & 7) === FrameType.Command
  if ((first & IsExHeader) !== 0) {
    const type = first & 0x0f
    return !command && (type === VideoPacket.CodedFrames || type === VideoPacket.CodedFramesX)
  }
  const hasPacketType = codec === VideoId.Avc || codec === VideoId.Hevc || codec === VideoId.Av1
  return !command && (!hasPacketType || bytes[start + 1] === AvcPacket.Nalu)
}

const isCodedAudio = ({ bytes, codec, start }: MediaFrame): boolean => {
  if (bytes[start] >>> 4 === AudioId.ExHeader) return (bytes[start] & 0x0f) === AudioPacket.CodedFrames
  return codec !== AudioId.Aac || bytes[start + 1] === AacPacket.Raw
}

export const isCoded = (frame: MediaFrame): boolean => {
  if (frame.header || frame.dataStart >= frame.end) return false
  return frame.kind === Kind.Video ? isCodedVideo(frame) : frame.kind === Kind.Audio && isCodedAudio(frame)
}

/** A codec's configuration. The channel layout of Enhanced RTMP counts as a header too, but is none of a codec. */
export const isConfiguration = ({ bytes, codec, header, kind, start }: MediaFrame): boolean =>
  header &&
  (kind === Kind.Video ||
    (kind === Kind.Audio && !(isEnhanced(codec) && (bytes[start] & 0x0f) === AudioPacket.MultichannelConfig)))
