import { choice, flag, fractionalSeconds, group, integer, list, retired, seconds, table, text } from "../entries.ts"

const bitrate = (name: string, doc: string) =>
  integer(name, { default: 48_000, min: 8000, max: 320_000, outside: "default", reload: "next", doc })

export const rtc = table({
  title: "WebRTC",
  doc: "The WebRTC listeners, and WebRTC in a vhost.",
  active: false,
  global: {
    rtcServer: group(
      "rtc_server",
      { doc: "Listeners, candidates and transport." },
      {
        enabled: flag("enabled", { default: false, reload: "start", doc: "Serve WebRTC." }),
        listenPort: integer("listen", {
          default: 8000,
          min: 1,
          max: 65_535,
          reload: "start",
          doc: "UDP port of all sessions."
        }),
        tcp: group(
          "tcp",
          { open: true, doc: "WebRTC over TCP." },
          {
            enabled: flag("enabled", { default: false, reload: "start", doc: "Listen on TCP too." }),
            listenPort: integer("listen", { default: 8000, min: 1, max: 65_535, reload: "start", doc: "TCP port." })
          }
        ),
        protocol: choice("protocol", ["udp", "tcp", "all"], {
          default: "udp",
          reload: "next",
          doc: "Candidates to offer."
        }),
        candidates: list("candidate", {
          default: ["*"],
          reload: "next",
          doc: "Addresses in the SDP: `*` and `0.0.0.0` stand for those of this machine, `$NAME` for a variable's."
        }),
        useAutoDetectNetworkIp: flag("use_auto_detect_network_ip", {
          default: true,
          reload: "next",
          doc: "`*` means the addresses of this machine."
        }),
        ipFamily: choice("ip_family", ["ipv4", "ipv6", "all"], {
          default: "ipv4",
          reload: "next",
          doc: "Which of them."
        }),
        apiAsCandidates: flag("api_as_candidates", {
          default: true,
          reload: "next",
          doc: "Offer the host of the API request too."
        }),
        resolveApiDomain: flag("resolve_api_domain", { default: true, reload: "next", doc: "Resolve that host." }),
        keepApiDomain: flag("keep_api_domain", { default: false, reload: "next", doc: "Offer it unresolved too." }),
        ecdsa: flag("ecdsa", { default: true, reload: "start", doc: "DTLS certificate with ECDSA, else RSA." }),
        encrypt: flag("encrypt", { default: true, reload: "next", doc: "Encrypt media (SRTP)." }),
        reusePort: integer("reuseport", { default: 1, reload: "start", doc: "Number of UDP sockets on the port." }),
        mergeNalus: flag("merge_nalus", {
          default: false,
          reload: "next",
          doc: "Pack the NAL units of a frame into one."
        }),
        blackHole: group(
          "black_hole",
          { open: true, doc: "A copy of plain packets, to find errors." },
          {
            enabled: flag("enabled", { default: false, reload: "start", doc: "Send the copy." }),
            address: text("addr", { default: "", reload: "start", doc: "`host:port` that gets it." })
          }
        ),
        dir: retired("dir", { doc: "without effect in SRS" })
      }
    )
  },
  vhost: {
    rtc: group(
      "rtc",
      { doc: "WebRTC in this vhost." },
      {
        enabled: flag("enabled", { default: false, reload: "next", doc: "Accept WebRTC." }),
        nack: flag("nack", { default: true, reload: "next", doc: "Ask for lost packets and send them again." }),
        nackNoCopy: flag("nack_no_copy", { default: true, reload: "next", doc: "Keep them without a copy." }),
        twcc: flag("twcc", { default: true, reload: "next", doc: "Transport-wide congestion control feedback." }),
        stunTimeoutMillis: seconds("stun_timeout", {
          default: 30,
          reload: "next",
          doc: "A session ends after so long without STUN."
        }),
        stunStrictCheck: flag("stun_strict_check", { default: false, reload: "next", doc: "Check ICE strictly." }),
        dtlsRole: choice("dtls_role", ["passive", "active"], {
          default: "passive",
          reload: "next",
          doc: "`active`: this server is the DTLS client."
        }),
        dtlsVersion: choice("dtls_version", ["auto", "dtls1.0", "dtls1.2"], {
          default: "auto",
          reload: "next",
          doc: "Version of DTLS."
        }),
        dropForPt: integer("drop_for_pt", { default: 0, reload: "next", doc: "Payload type to drop, for tests." }),
        rtmpToRtc: flag("rtmp_to_rtc", { default: false, reload: "next", doc: "Play live streams by WebRTC." }),
        keepBframe: flag("keep_bframe", { default: false, reload: "next", doc: "Keep B-frames." }),
        keepAvcNaluSei: flag("keep_avc_nalu_sei", { default: true, reload: "next", doc: "Keep SEI of H.264." }),
        opusBitrate: bitrate("opus_bitrate", "Bits a second of Opus made from AAC."),
        aacBitrate: bitrate("aac_bitrate", "Bits a second of AAC made from Opus."),
        rtcToRtmp: flag("rtc_to_rtmp", {
          default: false,
          reload: "next",
          doc: "Make what arrives by WebRTC a live stream of all protocols."
        }),
        pliForRtmpMillis: fractionalSeconds("pli_for_rtmp", {
          default: 6,
          min: 0.5,
          max: 30,
          outside: "default",
          reload: "next",
          doc: "Ask the publisher for a keyframe so often."
        }),
        bframe: retired("bframe", { doc: "replaced by `keep_bframe`" }),
        aac: retired("aac", { doc: "replaced by `rtmp_to_rtc`" })
      }
    )
  }
})
