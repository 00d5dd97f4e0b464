/** HTTP-FLV and WebSocket-FLV. */
import * as Layer from "effect/Layer"
import { flvFormat } from "../../domain/flv/FlvFormat.ts"
import { playTimes } from "../../domain/media/playTimes.ts"
import { contribute } from "./contribute.ts"

export const layer = Layer.effectDiscard(
  contribute({
    extension: ".flv",
    contentType: "video/x-flv",
    clientType: "flv-play",
    format: ({ httpRemux, play }, sourceIsAbsolute) =>
      flvFormat({
        guess: httpRemux.guessHasAv,
        hasAudio: httpRemux.hasAudio,
        hasVideo: httpRemux.hasVideo,
        dropUnannounced: httpRemux.dropIfNotMatch,
        published: playTimes(play, sourceIsAbsolute).times === "published",
        reduceHeaders: play.reduceSequenceHeader
      })
  })
)
