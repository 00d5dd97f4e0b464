/**
 * The lines by which tools follow a client through SRS's log (config.md 11). An event of ours that has an entry here is
 * written with SRS's words; a fact that is missing is left out.
 */

export interface Stage {
  /** How the line starts. */
  readonly text: string
  /** Between `text` and the first fact. */
  readonly join: ", " | " "
  /** SRS's key and ours, in SRS's order. */
  readonly facts: ReadonlyArray<readonly [srs: string, key: string]>
}

const address = [
  ["tcUrl", "rtmp.tc_url"],
  ["pageUrl", "rtmp.page_url"],
  ["swfUrl", "rtmp.swf_url"],
  ["schema", "url.scheme"],
  ["vhost", "stream.vhost"],
  ["port", "server.port"],
  ["app", "stream.app"]
] as const

const rates = [
  ["okbps", "rate.out_kbps"],
  ["ikbps", "rate.in_kbps"]
] as const

const play: Stage = {
  text: "start play",
  join: " ",
  facts: [
    ["smi", "play.send_min_interval_ms"],
    ["mw_sleep", "play.merged_write_ms"],
    ["realtime", "play.min_latency"],
    ["tcp_nodelay", "socket.no_delay"]
  ]
}

export const srsStages: Readonly<Record<string, Stage>> = {
  "connect app": { text: "connect app", join: ", ", facts: [...address, ["args", "rtmp.args"]] },
  "client identified": {
    text: "client identified",
    join: ", ",
    facts: [
      ["type", "client.type"],
      ["vhost", "stream.vhost"],
      ["app", "stream.app"],
      ["stream", "stream.name"],
      ["param", "stream.param"],
      ["duration", "play.duration_ms"]
    ]
  },
  "stream connected": {
    text: "connected stream",
    join: ", ",
    facts: [...address, ["stream", "stream.name"], ["param", "stream.param"]]
  },
  "source found": {
    text: "source",
    join: " ",
    facts: [
      ["url", "stream.url"],
      ["ip", "client.address"],
      ["cache", "source.gop_cache"],
      ["is_edge", "source.edge"],
      ["source_id", "source.id"]
    ]
  },
  "start publish": {
    text: "start publish",
    join: " ",
    facts: [
      ["mr", "publish.merged_read"],
      ["p1stpt", "publish.first_packet_timeout_ms"],
      ["pnt", "publish.normal_timeout_ms"],
      ["tcp_nodelay", "socket.no_delay"]
    ]
  },
  "start play": play,
  "play started": play,
  "publish progress": {
    text: "<- CPB",
    join: " ",
    facts: [["time", "session.age_ms"], ...rates, ["mr", "publish.merged_read"]]
  },
  "play progress": {
    text: "-> PLA",
    join: " ",
    facts: [["time", "session.age_ms"], ["msgs", "media.messages"], ...rates, ["mw", "play.merged_write_ms"]]
  },
  "http stream progress": {
    text: "-> HTS",
    join: " ",
    facts: [["time", "session.age_ms"], ["msgs", "media.messages"], ...rates]
  },
  "circuit breaker": {
    text: "CircuitBreaker:",
    join: " ",
    facts: [
      ["cpu", "overload.cpu"],
      ["break", "overload.break"]
    ]
  },
  "reload started": { text: "reload config", join: ", ", facts: [["signo", "process.signal"]] },
  "reload finished": { text: "reload config success", join: ", ", facts: [["state", "reload.state"]] }
}
