import { endpoint, flag, group, table } from "../../../src/domain/config/entries.ts"

export const toyInput = table({
  title: "Toy input",
  doc: "Frames as lines of text.",
  active: true,
  global: {
    toyInput: group(
      "toy_input",
      { doc: "Listens for publishers." },
      {
        enabled: flag("enabled", { default: false, reload: "start", doc: "Listen." }),
        listen: endpoint("listen", { default: 7001, reload: "start", doc: "Where." })
      }
    )
  }
})
