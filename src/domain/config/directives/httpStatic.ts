import { flag, group, table, text } from "../entries.ts"

export const httpStatic = table({
  title: "Static files",
  doc: "Files of a vhost over HTTP.",
  active: true,
  vhost: {
    httpStatic: group(
      "http_static",
      { doc: "Where they are, and under which URL." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Serve them." }),
        mount: text("mount", {
          default: "[vhost]/",
          reload: "next",
          doc: "Prefix of the URL; a name before the path is the host it is for."
        }),
        dir: text("dir", { default: "./objs/nginx/html", reload: "next", doc: "Directory." })
      }
    )
  }
})
