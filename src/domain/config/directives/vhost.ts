import { flag, integer, retired, table } from "../entries.ts"

export const vhost = table({
  title: "vhost",
  doc: "A virtual host. A request for a name that is not here goes to `__defaultVhost__`.",
  active: true,
  vhost: {
    enabled: flag("enabled", { default: true, reload: "yes", env: [], doc: "Off: all requests are refused." }),
    chunkSizeBytes: integer("chunk_size", {
      default: 60_000,
      defaultFrom: (lookup) => lookup("chunk_size"),
      min: 128,
      max: 65_536,
      outside: "clamp",
      reload: "next",
      doc: "Size of outgoing RTMP chunks in bytes; the default is the server's."
    }),
    minLatency: flag("min_latency", {
      default: false,
      reload: "yes",
      doc: "Send each message at once and switch merged reading off."
    }),
    rtcMinLatency: flag("min_latency", { default: true, reload: "yes", doc: "The same for WebRTC." }),
    tcpNoDelay: flag("tcp_nodelay", {
      default: false,
      reload: "yes",
      doc: "`TCP_NODELAY`.",
      active: false,
      reason: "every connection has TCP_NODELAY"
    }),
    inAckSizeBytes: integer("in_ack_size", {
      default: 0,
      min: 0,
      max: 0x7fff_ffff,
      outside: "clamp",
      reload: "next",
      doc: "Window of acknowledgements expected from the peer; 0 is as the peer says."
    }),
    outAckSizeBytes: integer("out_ack_size", {
      default: 2_500_000,
      min: 0,
      max: 0x7fff_ffff,
      outside: "clamp",
      reload: "next",
      doc: "Window Acknowledgement Size sent to the peer; 0 sends none."
    }),
    bandcheck: retired("bandcheck", { block: true, doc: "the bandwidth check was removed from SRS" })
  }
})
