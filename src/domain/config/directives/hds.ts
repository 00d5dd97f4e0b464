import { flag, fractionalSeconds, group, table, text } from "../entries.ts"

export const hds = table({
  title: "HDS",
  doc: "Adobe HTTP Dynamic Streaming.",
  active: false,
  reason: "no player of it is left; SRS builds it only on demand",
  vhost: {
    hds: group(
      "hds",
      { open: true, doc: "Segments and manifest." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Make HDS." }),
        fragmentMillis: fractionalSeconds("hds_fragment", { default: 10, reload: "yes", doc: "Length of a segment." }),
        windowMillis: fractionalSeconds("hds_window", { default: 60, reload: "yes", doc: "Length of the window." }),
        path: text("hds_path", { default: "./objs/nginx/html", reload: "yes", doc: "Root of the output." })
      }
    )
  }
})
