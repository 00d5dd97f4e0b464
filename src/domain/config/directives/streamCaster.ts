import { choice, flag, fractionalSeconds, group, groups, integer, table, text } from "../entries.ts"

export const streamCaster = table({
  title: "Stream casters",
  doc: "Listeners that turn other protocols into RTMP streams.",
  active: false,
  global: {
    streamCasters: groups(
      "stream_caster",
      { doc: "One listener; the block may stand several times." },
      {
        enabled: flag("enabled", { default: false, reload: "start", doc: "Listen." }),
        caster: choice("caster", ["flv", "mpegts_over_udp", "gb28181"], {
          default: "",
          reload: "start",
          doc: "The protocol."
        }),
        output: text("output", {
          default: "",
          reload: "start",
          doc: "RTMP URL, with `[app]` and `[stream]` for flv, `[stream]` for gb28181."
        }),
        listenPort: integer("listen", {
          default: 0,
          min: 1,
          max: 65_535,
          reload: "start",
          doc: "TCP port, of mpegts_over_udp the UDP port."
        }),
        sip: group(
          "sip",
          { doc: "The SIP server for gb28181." },
          {
            enabled: flag("enabled", { default: true, reload: "start", doc: "Serve SIP." }),
            listenPort: integer("listen", { default: 5060, min: 1, max: 65_535, reload: "start", doc: "TCP port." }),
            timeoutMillis: fractionalSeconds("timeout", {
              default: 60,
              reload: "start",
              doc: "Silence of SIP or media that ends a session."
            }),
            reinviteMillis: fractionalSeconds("reinvite", {
              default: 5,
              reload: "start",
              doc: "Wait before a device is invited again."
            }),
            candidate: text("candidate", {
              default: "*",
              reload: "start",
              doc: "Address in the SDP, as `rtc_server.candidate`."
            })
          }
        )
      }
    )
  }
})
