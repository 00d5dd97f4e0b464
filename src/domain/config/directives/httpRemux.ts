import { flag, fractionalSeconds, group, list, table, text } from "../entries.ts"

export const httpRemux = table({
  title: "Live streams over HTTP",
  doc: "HTTP-FLV, WebSocket-FLV and their kin.",
  active: true,
  vhost: {
    httpRemux: group(
      "http_remux",
      { doc: "One mount for each vhost." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Serve live streams over HTTP." }),
        mount: text("mount", {
          default: "[vhost]/[app]/[stream].flv",
          reload: "next",
          doc: "Pattern of the URL; the extension chooses the format: .flv .ts .mp3 .aac .mp4."
        }),
        formats: list("formats", {
          default: [],
          reload: "next",
          doc: "Further formats at the same URL with their extension: flv, ts, aac, mp3, mp4."
        }),
        fastCacheMillis: fractionalSeconds("fast_cache", {
          default: 0,
          min: 0,
          outside: "clamp",
          reload: "next",
          doc: "Audio sent at once to a new listener of .mp3 and .aac."
        }),
        dropIfNotMatch: flag("drop_if_not_match", {
          default: true,
          reload: "next",
          doc: "Drop tags of a kind that the FLV header did not announce."
        }),
        hasAudio: flag("has_audio", { default: true, reload: "next", doc: "Announce audio in the FLV header." }),
        hasVideo: flag("has_video", { default: true, reload: "next", doc: "Announce video in the FLV header." }),
        guessHasAv: flag("guess_has_av", {
          default: true,
          reload: "next",
          doc: "Announce what the stream has been seen to carry instead."
        })
      }
    )
  }
})
