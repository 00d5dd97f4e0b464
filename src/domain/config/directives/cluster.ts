import { choice, flag, group, list, table, text } from "../entries.ts"

export const cluster = table({
  title: "Cluster",
  doc: "Edges that fetch streams from origins, and origins that know each other.",
  active: false,
  vhost: {
    cluster: group(
      "cluster",
      { env: false, doc: "The part this vhost has in a cluster." },
      {
        mode: choice("mode", ["local", "remote"], {
          default: "local",
          reload: "start",
          doc: "`remote` is an edge."
        }),
        origins: list("origin", {
          default: [],
          reload: "next",
          doc: "Origins as `host[:port]`, in turn; the default port is that of the protocol."
        }),
        tokenTraverse: flag("token_traverse", {
          default: false,
          reload: "next",
          doc: "Have the origin check each client first."
        }),
        upstreamVhost: text("vhost", { default: "[vhost]", reload: "next", doc: "Name of the vhost at the origin." }),
        debugUpnode: flag("debug_srs_upnode", {
          default: true,
          reload: "next",
          doc: "Send fields to the origin that make a path traceable."
        }),
        protocol: choice("protocol", ["rtmp", "flv", "flvs"], {
          default: "rtmp",
          reload: "next",
          doc: "Protocol towards the origin for playing."
        }),
        followClient: flag("follow_client", {
          default: false,
          reload: "next",
          doc: "Use the protocol of the client instead."
        }),
        originCluster: flag("origin_cluster", {
          default: false,
          reload: "next",
          doc: "Redirect players to the origin that has the stream."
        }),
        coworkers: list("coworkers", {
          default: [],
          reload: "next",
          doc: "HTTP APIs of the other origins as `host:port`."
        })
      }
    )
  }
})
