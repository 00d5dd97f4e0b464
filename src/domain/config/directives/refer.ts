import { flag, group, list, table } from "../entries.ts"

const domains = (name: string, doc: string) => list(name, { default: [], reload: "next", doc })

export const refer = table({
  title: "Referer",
  doc: "Restriction to pages of certain domains.",
  active: true,
  vhost: {
    refer: group(
      "refer",
      { env: false, doc: "Domains by what is wanted; none allows all." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Compare the URL of the page." }),
        http: flag("http", {
          default: false,
          reload: "next",
          doc: "The same for all other protocols, by the `Referer` of the request. Beyond SRS, which looks at RTMP alone."
        }),
        all: domains("all", "Domains that may publish and play."),
        publish: domains("publish", "Domains that may publish."),
        play: domains("play", "Domains that may play.")
      }
    )
  }
})
