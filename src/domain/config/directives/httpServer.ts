import { endpoint, flag, group, table, text } from "../entries.ts"

export const httpServer = table({
  title: "HTTP server",
  doc: "Files and live streams over HTTP and WebSocket.",
  active: true,
  global: {
    httpServer: group(
      "http_server",
      { doc: "The server's listeners and root." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Serve HTTP." }),
        listen: endpoint("listen", { default: 8080, reload: "yes", doc: "Endpoint." }),
        dir: text("dir", {
          default: "./objs/nginx/html",
          reload: "next",
          doc: "Root of the files; its `console` is also served at `/console/` by the API."
        }),
        crossdomain: flag("crossdomain", {
          default: true,
          reload: "next",
          doc: "Let pages of any origin use the server and the API (CORS)."
        }),
        https: group(
          "https",
          { open: true, doc: "The same over TLS." },
          {
            enabled: flag("enabled", { default: false, reload: "yes", doc: "Serve HTTPS too." }),
            listen: endpoint("listen", { default: 8088, reload: "yes", doc: "Endpoint." }),
            key: text("key", { default: "./conf/server.key", reload: "yes", doc: "PEM file of the private key." }),
            cert: text("cert", { default: "./conf/server.crt", reload: "yes", doc: "PEM file of the certificates." })
          }
        )
      }
    )
  }
})
