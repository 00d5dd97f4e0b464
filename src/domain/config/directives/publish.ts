import { choice, flag, fractionalSeconds, group, millis, table } from "../entries.ts"

export const publish = table({
  title: "Publish",
  doc: "How publishers are treated.",
  active: true,
  vhost: {
    publish: group(
      "publish",
      { doc: "Publishers of every protocol." },
      {
        mr: flag("mr", { default: false, reload: "yes", doc: "Merged reading: fewer, larger reads." }),
        mrLatencyMillis: millis("mr_latency", {
          default: 350,
          min: 0,
          outside: "clamp",
          reload: "yes",
          doc: "How long a merged read collects."
        }),
        firstPacketTimeoutMillis: millis("firstpkt_timeout", {
          default: 20_000,
          reload: "next",
          doc: "A publisher without a first packet is closed after so long."
        }),
        normalTimeoutMillis: millis("normal_timeout", {
          default: 5000,
          reload: "yes",
          doc: "A silent publisher is closed after so long."
        }),
        parseSps: flag("parse_sps", {
          default: true,
          reload: "next",
          doc: "Read size and profile from the SPS.",
          active: false,
          reason: "parameter sets are read where somebody needs them, and what does not read is relayed all the same"
        }),
        tryAnnexbFirst: flag("try_annexb_first", {
          default: true,
          reload: "next",
          doc: "Try start codes before lengths where the form of NAL units is not certain.",
          active: false,
          reason: "frames are relayed as they came"
        }),
        kickoffForIdleMillis: fractionalSeconds("kickoff_for_idle", {
          default: 0,
          reload: "next",
          doc: "A publisher without viewers is closed after so long; 0 is never. Not together with `forward`."
        }),
        onConflict: choice("on_conflict", ["refuse", "takeover", "takeover_same_token"], {
          default: "refuse",
          strict: true,
          reload: "next",
          doc: "A second publisher is refused, or takes over: always, or if its parameters equal those of the first."
        }),
        graceMillis: fractionalSeconds("grace", {
          default: 0,
          min: 0,
          outside: "clamp",
          strict: true,
          reload: "next",
          doc: "So long after a publisher has gone its viewers are kept, and go on when it returns."
        }),
        silentAudio: flag("silent_audio", {
          default: false,
          strict: true,
          reload: "next",
          doc: "Add silent AAC to a stream that has video only."
        })
      }
    )
  }
})
