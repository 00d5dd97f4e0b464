import { endpoints, flag, group, table, text } from "../entries.ts"

export const rtmps = table({
  title: "RTMPS",
  doc: "RTMP over TLS.",
  active: true,
  global: {
    rtmps: group(
      "rtmps",
      { doc: "The listeners and their certificate." },
      {
        enabled: flag("enabled", { default: false, strict: true, reload: "yes", doc: "Listen for RTMPS." }),
        listen: endpoints("listen", { default: [443], strict: true, reload: "yes", doc: "Endpoints." }),
        key: text("key", { default: "./conf/server.key", reload: "yes", doc: "PEM file of the private key." }),
        cert: text("cert", { default: "./conf/server.crt", reload: "yes", doc: "PEM file of the certificates." })
      }
    )
  }
})
