/** HTTP-fMP4 and WebSocket-fMP4. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { fmp4Formats } from "../../domain/mp4/Fmp4Format.ts"
import { contribute } from "./contribute.ts"
import { trackOptions } from "./trackOptions.ts"

export const layer = Layer.effectDiscard(
  Effect.suspend(() => {
    const formats = fmp4Formats()
    return contribute({
      extension: ".mp4",
      contentType: "video/mp4",
      clientType: "flv-play",
      format: (vhost, sourceIsAbsolute) => formats(trackOptions(vhost, sourceIsAbsolute))
    })
  })
)
