import {
  choice,
  decimal,
  flag,
  fractionalSeconds,
  group,
  integer,
  oddFlag,
  retired,
  seconds,
  table,
  text
} from "../entries.ts"

const word = (name: string, value: string, doc: string) => text(name, { default: value, reload: "yes", doc })
const ofPath = (name: string, doc: string) =>
  text(name, {
    default: "./objs/nginx/html",
    defaultFrom: (lookup) => lookup("vhost.hls.hls_path"),
    reload: "yes",
    doc
  })

export const hls = table({
  title: "HLS",
  doc: "Live streams as playlists and segments.",
  active: true,
  vhost: {
    hls: group(
      "hls",
      { doc: "Segments, playlists, keys." },
      {
        enabled: flag("enabled", { default: false, reload: "yes", doc: "Make HLS." }),
        fragmentMillis: fractionalSeconds("hls_fragment", { default: 10, reload: "yes", doc: "Length of a segment." }),
        targetDurationRatio: decimal("hls_td_ratio", {
          default: 1,
          reload: "yes",
          doc: "Factor of the target duration."
        }),
        audioOverflowRatio: decimal("hls_aof_ratio", {
          default: 2.1,
          reload: "yes",
          doc: "Audio alone is cut at the segment's length times this."
        }),
        windowMillis: fractionalSeconds("hls_window", { default: 60, reload: "yes", doc: "Length of the playlist." }),
        onError: choice("hls_on_error", ["ignore", "disconnect", "continue"], {
          default: "continue",
          reload: "yes",
          doc: "On an error: switch HLS off for the stream, close the publisher, or go on where possible."
        }),
        path: word("hls_path", "./objs/nginx/html", "Root of the output."),
        playlistFile: word("hls_m3u8_file", "[app]/[stream].m3u8", "Name of the playlist."),
        segmentFile: word("hls_ts_file", "[app]/[stream]-[seq].ts", "Name of a segment; also time and `[duration]`."),
        useFmp4: flag("hls_use_fmp4", {
          default: false,
          strict: true,
          reload: "yes",
          doc: "Fragmented MP4 instead of MPEG-TS."
        }),
        lowLatency: flag("hls_low_latency", {
          default: false,
          strict: true,
          reload: "yes",
          doc: "Parts of segments, and requests that wait for them: low-latency HLS, for players that know it."
        }),
        partMillis: fractionalSeconds("hls_part", {
          default: 0.2,
          min: 0.05,
          max: 5,
          strict: true,
          reload: "yes",
          doc: "Length of a part; as many whole frames as come nearest to it."
        }),
        floor: flag("hls_ts_floor", {
          default: false,
          reload: "yes",
          doc: "Cut and name by the clock divided by the segment's length."
        }),
        entryPrefix: word("hls_entry_prefix", "", "Prefix of the segments' URLs in the playlist."),
        audioCodec: choice("hls_acodec", ["aac", "mp3", "an"], {
          default: "aac",
          reload: "yes",
          active: false,
          reason: "the program map has what the stream has",
          doc: "Audio of the first program map; `an` is none."
        }),
        videoCodec: choice("hls_vcodec", ["h264", "h265", "vn"], {
          default: "h264",
          reload: "yes",
          active: false,
          reason: "the program map has what the stream has",
          doc: "Video of the first program map; `vn` is none."
        }),
        cleanup: flag("hls_cleanup", { default: true, reload: "yes", doc: "Delete segments that have expired." }),
        disposeMillis: seconds("hls_dispose", {
          default: 120,
          reload: "yes",
          doc: "Delete everything so long after the last packet; 0 is never."
        }),
        waitKeyframe: flag("hls_wait_keyframe", { default: true, reload: "yes", doc: "Cut at keyframes only." }),
        notifyBytes: integer("hls_nb_notify", {
          default: 64,
          reload: "yes",
          active: false,
          reason: "nothing depends on what `on_hls_notify` is answered",
          doc: "Bytes that `on_hls_notify` reads."
        }),
        dtsDirectly: flag("hls_dts_directly", {
          default: true,
          reload: "yes",
          active: false,
          reason: "fragmented MP4 counts samples, MPEG-TS has the times as published",
          doc: "Times of AAC as published, not by count of samples."
        }),
        ctx: flag("hls_ctx", { default: true, reload: "yes", doc: "Tell viewers apart by the query `hls_ctx`." }),
        segmentCtx: flag("hls_ts_ctx", { default: true, reload: "yes", doc: "Put `hls_ctx` on segments too." }),
        keys: oddFlag("hls_keys", {
          default: false,
          onFor: { file: "all but off", environment: "all but off" },
          reload: "yes",
          doc: "Encrypt with AES-128."
        }),
        fragmentsPerKey: integer("hls_fragments_per_key", { default: 5, reload: "yes", doc: "Segments for one key." }),
        keyFile: word("hls_key_file", "[app]/[stream]-[seq].key", "Name of a key's file."),
        keyFilePath: ofPath("hls_key_file_path", "Root of the keys' files; the default is `hls_path`."),
        keyUrl: ofPath("hls_key_url", "Prefix of the keys' URLs; the default is `hls_path`."),
        storage: choice("hls_storage", ["disk", "memory", "ram", "both"], {
          default: "disk",
          reload: "yes",
          doc: "Where segments are; `ram` is memory, `both` is disk."
        }),
        mount: retired("hls_mount", { doc: "removed from SRS" })
      }
    )
  }
})
