import { endpoint, flag, group, retired, table, text } from "../entries.ts"

export const httpApi = table({
  title: "HTTP API",
  doc: "State of the server and its streams over HTTP.",
  active: true,
  global: {
    httpApi: group(
      "http_api",
      { doc: "The API's listeners and access." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Serve the API." }),
        listen: endpoint("listen", {
          default: 1985,
          reload: "yes",
          doc: "Endpoint of the API. If it equals that of `http_server`, the API is served there."
        }),
        crossdomain: flag("crossdomain", {
          default: true,
          reload: "none",
          active: false,
          reason: "`http_server.crossdomain` is the switch in force for both",
          doc: "Shown by the raw API, otherwise unused."
        }),
        rawApi: group(
          "raw_api",
          { doc: "Reload by HTTP." },
          {
            enabled: flag("enabled", { default: false, reload: "next", doc: "Serve the raw API." }),
            allowReload: flag("allow_reload", { default: false, reload: "next", doc: "Permit `rpc=reload`." }),
            allowQuery: retired("allow_query", { doc: "removed from SRS" }),
            allowUpdate: retired("allow_update", { doc: "removed from SRS" })
          }
        ),
        auth: group(
          "auth",
          { doc: "HTTP Basic authentication." },
          {
            enabled: flag("enabled", { default: false, reload: "next", doc: "Ask for name and password." }),
            username: text("username", { default: "", reload: "next", doc: "The name." }),
            password: text("password", { default: "", reload: "next", doc: "The password." })
          }
        ),
        https: group(
          "https",
          { open: true, doc: "The API over TLS." },
          {
            enabled: flag("enabled", { default: false, reload: "yes", doc: "Serve the API over HTTPS too." }),
            listen: endpoint("listen", {
              default: 1990,
              defaultFrom: (lookup) =>
                lookup("http_api.listen") === lookup("http_server.listen")
                  ? lookup("http_server.https.listen")
                  : "1990",
              reload: "yes",
              doc: "Endpoint; the default is that of the HTTP server's HTTPS where both share the HTTP endpoint."
            }),
            key: text("key", { default: "./conf/server.key", reload: "yes", doc: "PEM file of the private key." }),
            cert: text("cert", { default: "./conf/server.crt", reload: "yes", doc: "PEM file of the certificates." })
          }
        )
      }
    )
  }
})
