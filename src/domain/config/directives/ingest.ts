import { choice, flag, group, groups, table, text } from "../entries.ts"
import { engineFields } from "./engine.ts"

export const ingest = table({
  title: "Ingest",
  doc: "FFmpeg processes that publish files and streams here.",
  active: false,
  vhost: {
    ingests: groups(
      "ingest",
      { argument: "id", doc: "One input; the block may stand several times." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Run it." }),
        input: group(
          "input",
          { open: true, doc: "What is read." },
          {
            type: choice("type", ["file", "stream"], {
              default: "file",
              reload: "yes",
              doc: "A file is read at its own speed."
            }),
            url: text("url", { default: "", reload: "yes", doc: "File or URL." })
          }
        ),
        ffmpeg: text("ffmpeg", { default: "", reload: "yes", doc: "The FFmpeg to run." }),
        engines: groups("engine", { argument: "name", open: true, doc: "How it is encoded." }, engineFields)
      }
    )
  }
})
