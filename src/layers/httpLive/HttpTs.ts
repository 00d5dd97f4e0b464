/** HTTP-TS and WebSocket-TS. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { tsFormats } from "../../domain/ts/TsFormat.ts"
import { contribute } from "./contribute.ts"
import { trackOptions } from "./trackOptions.ts"

export const layer = Layer.effectDiscard(
  Effect.suspend(() => {
    const formats = tsFormats()
    return contribute({
      extension: ".ts",
      contentType: "video/MP2T",
      clientType: "flv-play",
      format: (vhost, sourceIsAbsolute) => formats(trackOptions(vhost, sourceIsAbsolute))
    })
  })
)
