import { flag, group, list, table, text } from "../entries.ts"

const hook = (name: string, doc: string) => list(name, { default: [], reload: "next", doc })
const later = (name: string, doc: string) => list(name, { default: [], reload: "next", active: false, doc })

export const httpHooks = table({
  title: "HTTP callbacks",
  doc: "URLs that are called when something happens.",
  active: true,
  vhost: {
    httpHooks: group(
      "http_hooks",
      { doc: "URLs by event." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Call them." }),
        onConnect: hook("on_connect", "A client connects; may refuse it."),
        onClose: hook("on_close", "A client has gone."),
        onPublish: hook("on_publish", "A client wants to publish; may refuse it."),
        onUnpublish: hook("on_unpublish", "A publisher has stopped."),
        onPlay: hook("on_play", "A client wants to play; may refuse it."),
        onStop: hook("on_stop", "A player has stopped."),
        onDvr: later("on_dvr", "A recording is complete."),
        onHls: hook("on_hls", "An HLS segment is complete."),
        onHlsNotify: hook("on_hls_notify", "An HLS segment is complete: fetched by GET, with variables in the URL."),
        secret: text("secret", {
          default: "",
          reload: "next",
          doc: "Key of the signature that callbacks then have (HMAC-SHA256)."
        }),
        tlsVerify: flag("tls_verify", {
          default: false,
          reload: "next",
          doc: "Call HTTPS servers only if their certificate is valid."
        })
      }
    )
  }
})
