import { flag, fractionalSeconds, group, integer, seconds, table, text } from "../entries.ts"

export const dash = table({
  title: "DASH",
  doc: "Live streams as MPD and segments.",
  active: true,
  vhost: {
    dash: group(
      "dash",
      { doc: "Segments and MPD." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Make DASH." }),
        fragmentMillis: fractionalSeconds("dash_fragment", { default: 10, reload: "yes", doc: "Length of a segment." }),
        chunkMillis: fractionalSeconds("dash_chunk", {
          default: 0,
          reload: "yes",
          doc: "Low latency: serve segments while they are written, in chunks of this length; 0 is only whole ones."
        }),
        latencyMillis: fractionalSeconds("dash_latency", {
          default: 2,
          reload: "yes",
          doc: "With dash_chunk: how far players should be behind the publisher."
        }),
        updatePeriodMillis: fractionalSeconds("dash_update_period", {
          default: 5,
          reload: "yes",
          doc: "Period in which players fetch the MPD."
        }),
        timeshiftMillis: fractionalSeconds("dash_timeshift", {
          default: 300,
          reload: "yes",
          active: false,
          reason: "the window is dash_window_size, as in SRS",
          doc: "How far players may go back."
        }),
        path: text("dash_path", { default: "./objs/nginx/html", reload: "yes", doc: "Root of the output." }),
        mpdFile: text("dash_mpd_file", { default: "[app]/[stream].mpd", reload: "yes", doc: "Name of the MPD." }),
        windowSegments: integer("dash_window_size", { default: 5, reload: "yes", doc: "Segments in the MPD." }),
        cleanup: flag("dash_cleanup", { default: true, reload: "yes", doc: "Delete segments that have expired." }),
        disposeMillis: seconds("dash_dispose", {
          default: 120,
          reload: "yes",
          doc: "Delete everything so long after the last packet; 0 is never."
        })
      }
    )
  }
})
