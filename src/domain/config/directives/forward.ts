import { flag, group, list, table, text } from "../entries.ts"

export const forward = table({
  title: "Forward",
  doc: "Copies of published streams to other servers.",
  active: false,
  vhost: {
    forward: group(
      "forward",
      { env: false, doc: "Where streams are pushed." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Push." }),
        destinations: list("destination", { default: [], reload: "yes", doc: "Servers as `host[:port]`." }),
        backend: text("backend", {
          default: "",
          reload: "next",
          doc: "HTTP service asked for the destinations instead, at each publish."
        })
      }
    )
  }
})
