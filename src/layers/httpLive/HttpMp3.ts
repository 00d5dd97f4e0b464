/** HTTP-MP3: the sound of a stream as it is. */
import { mp3Format } from "../../domain/audio/Mp3Format.ts"
import { carriesMp3 } from "../../domain/audio/soundCodec.ts"
import { soundLayer } from "./sound.ts"

export const layer = soundLayer({
  extension: ".mp3",
  contentType: "audio/mpeg",
  format: mp3Format,
  carries: carriesMp3
})
