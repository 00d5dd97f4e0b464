import type { RtmpFormatOptions } from "../../src/domain/rtmp/RtmpFormat.ts"

/** Of the usual player: it has announced nothing, and plays one stream. */
export const plainPlayer: RtmpFormatOptions = {
  chunkSize: 4096,
  times: "repaired",
  base: "join",
  multitrack: false,
  modEx: false,
  reduceHeaders: false,
  streamId: 1,
  place: 0
}
