import { flag, group, list, table } from "../entries.ts"

const hook = (name: string, doc: string) => list(name, { default: [], reload: "next", doc })

export const httpHooks = table({
  title: "HTTP callbacks",
  doc: "URLs that are called when something happens.",
  active: false,
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
        onDvr: hook("on_dvr", "A recording is complete."),
        onHls: hook("on_hls", "An HLS segment is complete."),
        onHlsNotify: hook("on_hls_notify", "An HLS segment is complete: fetched by GET, with variables in the URL.")
      }
    )
  }
})
