import { flag, group, repeated, table } from "../entries.ts"

const rule = (name: string, doc: string) =>
  repeated(name, { type: "publish or play, then all, an address or a network", reload: "next", doc })

export const security = table({
  title: "Security",
  doc: "Rules by address.",
  active: true,
  vhost: {
    security: group(
      "security",
      { env: false, doc: "Who may publish and play." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Apply the rules." }),
        allow: rule("allow", "Allows; may stand several times."),
        deny: rule("deny", "Denies; may stand several times.")
      }
    )
  }
})
