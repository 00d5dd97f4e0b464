import { endpoint, flag, fractionalSeconds, group, table, text } from "../entries.ts"

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
        vodHls: flag("vod_hls", {
          default: true,
          reload: "next",
          doc: "Serve FLV, MP4 and TS files as HLS too, at `/film.mp4/index.m3u8`."
        }),
        vodFragmentMillis: fractionalSeconds("vod_fragment", {
          default: 6,
          reload: "next",
          doc: "Length of the segments of such a file."
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
