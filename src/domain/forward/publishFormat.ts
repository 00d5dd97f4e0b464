/** RTMP as a publisher sends it: as players get it, but metadata is announced with `@setDataFrame`. */
import { encodeAll } from "../amf/Amf0.ts"
import { concat } from "../bytes/bytes.ts"
import type { Format, Join } from "../media/Format.ts"
import { Kind, MediaFrame } from "../media/MediaFrame.ts"
import { rtmpFormat } from "../rtmp/RtmpFormat.ts"

export interface PublishFormatOptions {
  readonly chunkSize: number
  /** Message stream id of the publication. */
  readonly streamId: number
  /** What the server has announced (Enhanced RTMP v2). */
  readonly multitrack: boolean
  readonly modEx: boolean
}

const setDataFrame = encodeAll(["@setDataFrame"])

/** The frame itself, or metadata with the name of the call in front. */
const published = (frame: MediaFrame): MediaFrame => {
  if (frame.kind !== Kind.Data) return frame
  const bytes = concat([setDataFrame, frame.body])
  const call = new MediaFrame({ kind: frame.kind, published: frame.published, bytes, start: 0, end: bytes.length })
  call.timestamp = frame.timestamp
  return call
}

/** Times are those of the source, repaired, so that they go on when a destination is connected to again. */
export const publishFormat = (options: PublishFormatOptions): Format => {
  const player = rtmpFormat({ ...options, times: "repaired", base: "absolute", reduceHeaders: false, place: 0 })
  return {
    key: `publish ${player.key}`,
    lanes: player.lanes,
    encoder: () => {
      const encoder = player.encoder()
      return {
        lane: (frame) => encoder.lane(frame),
        encode: (frame, out) => encoder.encode(published(frame), out)
      }
    },
    viewer: () => {
      const viewer = player.viewer()
      return {
        enter: (join: Join) => viewer.enter({ ...join, headers: join.headers.map(published) }),
        own: (frame) => viewer.own(published(frame))
      }
    }
  }
}
