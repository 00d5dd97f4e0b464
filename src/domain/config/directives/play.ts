import { choice, flag, fractionalMillis, group, integer, millis, seconds, table } from "../entries.ts"

export const play = table({
  title: "Play",
  doc: "How viewers of live streams are served.",
  active: true,
  vhost: {
    play: group(
      "play",
      { doc: "Viewers of RTMP and HTTP streams." },
      {
        gopCache: flag("gop_cache", { default: true, reload: "yes", doc: "Start a viewer with the newest GOP." }),
        gopCacheMaxFrames: integer("gop_cache_max_frames", {
          default: 2500,
          min: 0,
          outside: "clamp",
          reload: "yes",
          doc: "Messages kept for newcomers at most; 0 is no limit."
        }),
        queueLengthMillis: seconds("queue_length", {
          default: 30,
          min: 0,
          outside: "clamp",
          reload: "yes",
          doc: "How far a viewer may lag behind before GOPs are dropped."
        }),
        timeJitter: choice("time_jitter", ["full", "zero", "off"], {
          default: "full",
          otherwise: "off",
          reload: "next",
          doc: "Timestamps: repaired, repaired to start at zero, or as published."
        }),
        atc: flag("atc", { default: false, reload: "next", doc: "Absolute timestamps as published." }),
        atcAuto: flag("atc_auto", {
          default: false,
          reload: "next",
          doc: "Turn `atc` on for a stream whose metadata has `bravo_atc`."
        }),
        mixCorrect: flag("mix_correct", {
          default: false,
          reload: "next",
          doc: "Make audio and video alternate in time; for `atc on` or `time_jitter off`."
        }),
        mwLatencyMillis: millis("mw_latency", {
          default: 350,
          min: 0,
          outside: "clamp",
          reload: "yes",
          doc: "Messages of so long are written together."
        }),
        mwMessages: integer("mw_msgs", {
          default: 8,
          defaultFrom: (lookup) => (lookup("vhost.min_latency") === "on" ? "0" : "8"),
          min: 0,
          max: 128,
          outside: "clamp",
          reload: "yes",
          doc: "And at least more than so many; with `min_latency on` the default is 0.",
          active: false,
          reason: "viewers get what has accumulated once in mw_latency, however few messages that are"
        }),
        sendMinIntervalMillis: fractionalMillis("send_min_interval", {
          default: 0,
          min: 0,
          outside: "clamp",
          reload: "next",
          doc: "Shortest time between two messages to a viewer."
        }),
        reduceSequenceHeader: flag("reduce_sequence_header", {
          default: false,
          reload: "next",
          doc: "Do not repeat a codec header that has not changed."
        })
      }
    )
  }
})
