import { flag, group, integer, list, repeated, table, text } from "../entries.ts"

const proofs = (name: string, doc: string) => list(name, { default: [], reload: "next", doc })

export const auth = table({
  title: "Authentication",
  doc: "What publishers and players must show: docs/security.md. Beyond SRS.",
  active: true,
  vhost: {
    auth: group(
      "auth",
      { env: false, doc: "Proofs, users, keys and limits." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Ask for proofs." }),
        publish: proofs(
          "publish",
          "Any one of these lets a publisher in: `signature`, `lal`, `key`, `password`, `adobe`; without argument all may."
        ),
        play: proofs("play", "The same for players."),
        secret: text("secret", { default: "", reload: "next", doc: "Key of signed URLs (`sluice sign`)." }),
        lalSecret: text("lal_secret", { default: "", reload: "next", doc: "Key of lal's `lal_secret`." }),
        users: repeated("user", {
          type: "name and hash",
          reload: "next",
          doc: "A user, and what `sluice hash` printed."
        }),
        keys: repeated("key", {
          type: "app/stream or *, and hash",
          reload: "next",
          doc: "Key of a stream, and what `sluice hash` printed."
        }),
        maxFailures: integer("max_failures", {
          default: 10,
          min: 0,
          outside: "default",
          reload: "next",
          doc: "Wrong proofs of an address within a minute, after which it has to wait; 0 is no limit."
        }),
        maxStreams: integer("max_streams", {
          default: 0,
          min: 0,
          outside: "default",
          reload: "next",
          doc: "Streams that an address may publish and play at a time; 0 is no limit."
        })
      }
    )
  }
})
