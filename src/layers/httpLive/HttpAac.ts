/** HTTP-AAC: the sound of a stream as ADTS. */
import { adtsFormat } from "../../domain/audio/AdtsFormat.ts"
import { carriesAac } from "../../domain/audio/soundCodec.ts"
import { soundLayer } from "./sound.ts"

export const layer = soundLayer({
  extension: ".aac",
  contentType: "audio/x-aac",
  format: adtsFormat,
  carries: carriesAac
})
