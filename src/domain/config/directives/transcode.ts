import { flag, groups, table, text } from "../entries.ts"
import { engineFields } from "./engine.ts"

export const transcode = table({
  title: "Transcode",
  doc: "FFmpeg processes that encode published streams anew.",
  active: false,
  vhost: {
    transcodes: groups(
      "transcode",
      { argument: "app[/stream]", doc: "For all streams of the vhost, of an app, or for one." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Run it." }),
        ffmpeg: text("ffmpeg", { default: "", reload: "yes", doc: "The FFmpeg to run." }),
        engines: groups("engine", { argument: "name", doc: "One output; may stand several times." }, engineFields)
      }
    )
  }
})
