import { flag, group, repeated, table } from "../entries.ts"

export const exec = table({
  title: "Exec",
  doc: "Programs that run while a stream is published.",
  active: false,
  vhost: {
    exec: group(
      "exec",
      { env: false, doc: "The programs." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Run them." }),
        publish: repeated("publish", {
          type: "command line",
          reload: "yes",
          doc: "A program and its arguments, with variables; may stand several times."
        })
      }
    )
  }
})
