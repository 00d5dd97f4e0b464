import { flag, group, integer, millis, oddFlag, retired, table, text } from "../entries.ts"

const number = (name: string, value: number, doc: string) => integer(name, { default: value, reload: "start", doc })

export const srt = table({
  title: "SRT",
  doc: "The SRT listener, and SRT in a vhost.",
  active: false,
  global: {
    srtServer: group(
      "srt_server",
      { doc: "The listener and its socket options." },
      {
        enabled: flag("enabled", { default: false, reload: "start", doc: "Serve SRT." }),
        listenPort: integer("listen", { default: 10_080, min: 1, max: 65_535, reload: "start", doc: "UDP port." }),
        maxBandwidthBytesPerSecond: number("maxbw", -1, "`SRTO_MAXBW`: bytes a second; -1 is no limit."),
        maxSegmentBytes: number("mss", 1500, "`SRTO_MSS`."),
        connectTimeoutMillis: millis("connect_timeout", { default: 3000, reload: "start", doc: "`SRTO_CONNTIMEO`." }),
        peerIdleTimeoutMillis: millis("peer_idle_timeout", {
          default: 10_000,
          reload: "start",
          doc: "`SRTO_PEERIDLETIMEO`."
        }),
        defaultApp: text("default_app", { default: "live", reload: "start", doc: "App of a stream id without one." }),
        latencyMillis: number("latency", 120, "Both latencies, where they are not set themselves."),
        receiveLatencyMillis: number("recvlatency", 120, "`SRTO_RCVLATENCY`."),
        peerLatencyMillis: number("peerlatency", 0, "`SRTO_PEERLATENCY`."),
        timestampDelivery: flag("tsbpdmode", { default: true, reload: "start", doc: "`SRTO_TSBPDMODE`." }),
        tooLatePacketDrop: flag("tlpktdrop", { default: true, reload: "start", doc: "`SRTO_TLPKTDROP`." }),
        sendBufferBytes: number("sendbuf", 12_058_624, "`SRTO_SNDBUF`."),
        receiveBufferBytes: number("recvbuf", 12_058_624, "`SRTO_RCVBUF`."),
        payloadBytes: number("payloadsize", 1316, "`SRTO_PAYLOADSIZE`."),
        passphrase: text("passphrase", { default: "", reload: "start", doc: "10 to 79 characters; empty for none." }),
        keyLengthBytes: number("pbkeylen", 0, "Length of the key: 0, 16, 24 or 32."),
        seiFilter: retired("sei_filter", { doc: "without effect in SRS" }),
        mixCorrect: retired("mix_correct", { doc: "without effect in SRS" })
      }
    )
  },
  vhost: {
    srt: group(
      "srt",
      { doc: "SRT in this vhost." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Accept SRT." }),
        srtToRtmp: oddFlag("srt_to_rtmp", {
          default: true,
          onFor: { file: "on", environment: "on" },
          reload: "next",
          env: ["SRS_VHOST_SRT_SRT_TO_RTMP", "SRS_VHOST_SRT_TO_RTMP"],
          doc: "Make what arrives by SRT a live stream of all protocols."
        })
      }
    )
  }
})
