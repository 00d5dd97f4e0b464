import { flag, group, list, table, text } from "../entries.ts"

export const forward = table({
  title: "Forward",
  doc: "Copies of published streams to other servers.",
  active: true,
  vhost: {
    forward: group(
      "forward",
      { env: false, doc: "Where streams are pushed." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Push." }),
        destinations: list("destination", {
          default: [],
          reload: "yes",
          doc: "Servers as `host[:port]` or `rtmp(s)://user:password@host:port`; a URL with a path, in which `[vhost]`, `[app]`, `[stream]` and `[param]` are filled in, is taken as it is."
        }),
        backend: text("backend", {
          default: "",
          reload: "next",
          doc: "HTTP service asked for the destinations instead, at each publish."
        }),
        tlsVerify: flag("tls_verify", {
          default: true,
          reload: "next",
          doc: "Push to RTMPS servers only if their certificate is valid."
        })
      }
    )
  }
})
