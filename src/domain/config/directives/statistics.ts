import { endpoint, flag, group, integer, list, seconds, table, text } from "../entries.ts"

export const statistics = table({
  title: "Metrics and reports",
  doc: "Prometheus metrics, reports to a manager, and what is sampled for them.",
  active: true,
  global: {
    exporter: group(
      "exporter",
      { doc: "Prometheus." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Serve `/metrics`." }),
        listen: endpoint("listen", { default: 9972, reload: "yes", doc: "Endpoint; it serves the whole API." }),
        label: text("label", { default: "", reload: "next", doc: "Label of the build metric." }),
        tag: text("tag", { default: "", reload: "next", doc: "Another one." })
      }
    ),
    heartbeat: group(
      "heartbeat",
      { doc: "Reports to a manager." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Report." }),
        intervalMillis: seconds("interval", { default: 10, reload: "yes", doc: "Period; at least one second." }),
        url: text("url", {
          default: "http://127.0.0.1:8085/api/v1/servers",
          reload: "next",
          doc: "Where to, by HTTP or HTTPS POST; a query is left out."
        }),
        deviceIp: text("device_ip", {
          default: "",
          reload: "next",
          env: ["SRS_DEVICE_IP"],
          doc: "Address in the report; without it that of `stats.network`."
        }),
        deviceId: text("device_id", { default: "", reload: "next", doc: "Identity in the report." }),
        summaries: flag("summaries", { default: false, reload: "next", doc: "Add the summary of the API." }),
        ports: flag("ports", { default: false, reload: "next", doc: "Add the ports in use." })
      }
    ),
    stats: group(
      "stats",
      { env: false, doc: "Sampling of the machine." },
      {
        enabled: flag("enabled", { default: true, reload: "yes", doc: "Sample system and bandwidth." }),
        network: integer("network", {
          default: 0,
          reload: "next",
          doc: "Index of the local address to report."
        }),
        disks: list("disk", { default: [], reload: "next", doc: "Devices of `/proc/diskstats`." })
      }
    )
  }
})
