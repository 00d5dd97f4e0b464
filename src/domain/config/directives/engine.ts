/** The block `engine`, the same for transcoding and for ingesting. */
import { decimal, flag, freeOptions, integer, text } from "../entries.ts"

const number = (name: string, value: number, doc: string) => integer(name, { default: value, reload: "yes", doc })
const word = (name: string, value: string, doc: string) => text(name, { default: value, reload: "yes", doc })

export const engineFields = {
  enabled: flag("enabled", { default: false, reload: "yes", doc: "Use this engine." }),
  perFile: freeOptions("perfile", { doc: "FFmpeg options before the input." }),
  videoFilter: freeOptions("vfilter", { doc: "FFmpeg options of filters." }),
  videoParams: freeOptions("vparams", { doc: "FFmpeg options of the video encoder." }),
  audioParams: freeOptions("aparams", { doc: "FFmpeg options of the audio encoder." }),
  inputFormat: word("iformat", "flv", "`-f` of the input; `off` is none."),
  outputFormat: word("oformat", "flv", "`-f` of the output; `off` is none."),
  videoCodec: word("vcodec", "", "An encoder, `copy`, `vn` or `png`."),
  audioCodec: word("acodec", "", "An encoder, `copy` or `an`."),
  videoKbps: number("vbitrate", 0, "Video, kilobits a second."),
  audioKbps: number("abitrate", 0, "Audio, kilobits a second."),
  videoFps: decimal("vfps", { default: 0, reload: "yes", doc: "Frames a second." }),
  videoWidth: number("vwidth", 0, "Width in pixels."),
  videoHeight: number("vheight", 0, "Height in pixels."),
  videoThreads: number("vthreads", 1, "Threads of the encoder."),
  videoProfile: word("vprofile", "", "Profile; an encoder needs it."),
  videoPreset: word("vpreset", "", "Preset; an encoder needs it."),
  audioSampleRate: number("asample_rate", 0, "Samples a second."),
  audioChannels: number("achannels", 0, "Channels."),
  output: word("output", "", "URL of the output, with variables.")
}
