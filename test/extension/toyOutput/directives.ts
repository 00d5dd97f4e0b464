import { endpoint, flag, group, table } from "../../../src/domain/config/entries.ts"

export const toyOutput = table({
  title: "Toy output",
  doc: "Streams as lines of text.",
  active: true,
  global: {
    toyOutput: group(
      "toy_output",
      { doc: "Listens for viewers." },
      {
        enabled: flag("enabled", { default: false, reload: "start", doc: "Listen." }),
        listen: endpoint("listen", { default: 7002, reload: "start", doc: "Where." })
      }
    )
  },
  vhost: {
    toyPlay: group(
      "toy_play",
      { doc: "Viewers of the toy output." },
      { keyframesOnly: flag("keyframes_only", { default: false, reload: "next", doc: "Leave out the rest." }) }
    )
  }
})
