/** HTTP-FLV and WebSocket-FLV. */
import * as Layer from "effect/Layer"
import { flvFormat } from "../../domain/flv/FlvFormat.ts"
import { contribute } from "./contribute.ts"

export const layer = Layer.effectDiscard(
  contribute({
    extension: ".flv",
    contentType: "video/x-flv",
    clientType: "flv-play",
    format: ({ httpRemux, play }) =>
      flvFormat({
        guess: httpRemux.guessHasAv,
        hasAudio: httpRemux.hasAudio,
        hasVideo: httpRemux.hasVideo,
        dropUnannounced: httpRemux.dropIfNotMatch,
        published: play.atc || play.timeJitter === "off",
        reduceHeaders: play.reduceSequenceHeader
      })
  })
)
