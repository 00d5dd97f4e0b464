import { expect, test } from "bun:test"
import { boundless, loaded, refusals } from "./loading.ts"

const unknown: ReadonlyArray<readonly [name: string, text: string, message: string]> = [
  [
    "at the top",
    "listen 1935;\n  max_conections 5;",
    "a.conf:2:3: illegal directive max_conections, expected a directive of the top level; did you mean max_connections?"
  ],
  [
    "in a block",
    "listen 1935; http_api { enable on; }",
    "a.conf:1:25: illegal http_api.enable, expected a directive of http_api; did you mean enabled?"
  ],
  [
    "in a block of a block",
    "listen 1935; http_api { raw_api { enabld on; } }",
    "a.conf:1:35: illegal http_api.raw_api.enabld, expected a directive of http_api.raw_api; did you mean enabled?"
  ],
  [
    "in a vhost",
    "listen 1935; vhost v { hsl {} }",
    "a.conf:1:24: illegal vhost.hsl of v, expected a directive of vhost; did you mean hls?"
  ],
  [
    "in a block of a vhost",
    "listen 1935; vhost v {\n hls { hls_fragmnt 3; } }",
    "a.conf:2:8: illegal vhost.hls.hls_fragmnt of v, expected a directive of vhost.hls; did you mean hls_fragment?"
  ],
  [
    "in an engine",
    "listen 1935; vhost v { transcode { engine e { vcodecs x; } } }",
    "a.conf:1:47: illegal vhost.transcode.engine.vcodecs of v, expected a directive of vhost.transcode.engine; " +
      "did you mean vcodec?"
  ],
  [
    "at a place that is not its own",
    "listen 1935; mw_latency 350;",
    "a.conf:1:14: illegal directive mw_latency, expected a directive of the top level; did you mean vhost.play.mw_latency?"
  ],
  [
    "and misspelled at a place that is not its own",
    "listen 1935; vhost v { gop_cach off; }",
    "a.conf:1:24: illegal vhost.gop_cach of v, expected a directive of vhost; did you mean vhost.play.gop_cache?"
  ],
  [
    "like nothing",
    "listen 1935; zzzzzzzzzz;",
    "a.conf:1:14: illegal directive zzzzzzzzzz, expected a directive of the top level"
  ]
]

for (const [name, text, message] of unknown) {
  test(`refuses a name unknown ${name}`, () => {
    expect(refusals(text)).toEqual([message])
  })
}

test("collects all that is wrong, the first thing first", () => {
  const messages = refusals("a 1; b 2; vhost v { c 3; }")
  expect(messages.map((message) => message.split(",")[0])).toEqual([
    "a.conf:1:1: illegal directive a",
    "a.conf:1:6: illegal directive b",
    "a.conf:1:21: illegal vhost.c of v",
    "a.conf: listen without an endpoint"
  ])
})

test("unknown names inside of blocks that SRS does not check are only noticed", () => {
  const open = [
    "http_api { https { x 1; } }",
    "http_server { https { x 1; } }",
    "threads { x 1; }",
    "circuit_breaker { x 1; }",
    "tencentcloud_cls { x 1; }",
    "tencentcloud_apm { x 1; }",
    "rtc_server { tcp { x 1; } black_hole { x 1; } }",
    "vhost v { hds { x 1; } }",
    "vhost v { ingest { input { x 1; } engine { x 1; } } }"
  ]
  for (const text of open) {
    const { warnings } = loaded(`listen 1935; ${text}`)
    expect(warnings.map(({ found }) => found.slice(0, 8))).toEqual(warnings.map(() => "illegal "))
    expect(warnings).toHaveLength(text.split("x 1").length - 1)
  }
  const free =
    "vhost v { bandcheck { x 1; } transcode { engine { perfile { x; } vfilter { x; } vparams { x; } aparams { x; } } } }"
  expect(loaded(`listen 1935; ${free}`).warnings).toEqual([])
})

test("arguments that SRS would take are only noticed", () => {
  const warningsOf = (text: string) =>
    loaded(`listen 1935; ${text}`).warnings.map(({ message }) => message.slice("a.conf:1:".length))
  expect(warningsOf("chunk_size 100;")).toEqual(["25: chunk_size 100, expected integer from 128 to 65536"])
  expect(warningsOf("vhost v { play { gop_cache yes; queue_length 9.5; } }")).toEqual([
    "41: vhost.play.gop_cache yes, expected on or off",
    "59: vhost.play.queue_length 9.5, expected whole seconds of at least 0"
  ])
  expect(warningsOf("http_api on;")).toEqual(["14: http_api without a block, expected a block"])
  expect(warningsOf("daemon off {}")).toEqual(["14: daemon with a block, expected no block"])
  expect(warningsOf("http_server { listen localhost:80; }")).toEqual([
    "35: http_server.listen localhost:80, expected a port, ip:port or [ipv6]:port"
  ])
})

const strict: ReadonlyArray<readonly [text: string, found: string]> = [
  ["rtmps { enabled yes; }", "rtmps.enabled yes, expected on or off"],
  ["rtmps { listen 443 x; }", "rtmps.listen 443 x, expected a port, ip:port or [ipv6]:port"],
  ["log_format xml;", "log_format xml, expected one of auto, human, json, srs"],
  ["otlp { exporter mine; }", "otlp.exporter mine, expected one of effect, sdk"],
  ["vhost v { publish { grace soon; } }", "vhost.publish.grace soon, expected seconds of at least 0"],
  ["vhost v { publish { silent_audio 1; } }", "vhost.publish.silent_audio 1, expected on or off"],
  ["vhost v { hls { hls_use_fmp4 1; } }", "vhost.hls.hls_use_fmp4 1, expected on or off"],
  ["vhost v { hls { hls_low_latency yes; } }", "vhost.hls.hls_low_latency yes, expected on or off"],
  ["vhost v { hls { hls_part 0.01; } }", "vhost.hls.hls_part 0.01, expected seconds from 0.05 to 5"]
]

test("arguments of sluice's own directives are refused", () => {
  for (const [text, found] of strict) {
    expect(refusals(`listen 1935; ${text}`).map((message) => message.split(": ")[1])).toEqual([found])
  }
})

const files = (openFiles: number) => ({ ...boundless, openFiles })

const refused: ReadonlyArray<readonly [rule: string, text: string, message: string]> = [
  ["an empty file", " # nothing\n", "a.conf: conf is empty"],
  ["no listen", "daemon off;", "a.conf: listen without an endpoint, expected a port, ip:port or [ipv6]:port"],
  ["an empty listen", "listen ;", "a.conf:1:1: listen without an endpoint, expected a port, ip:port or [ipv6]:port"],
  [
    "a listen that is no address",
    "listen x:1935;",
    "a.conf:1:8: listen x:1935, expected an IP address before the port"
  ],
  ["a listen on port 0", "listen 0;", "a.conf:1:8: listen 0, expected a port from 1 to 65535"],
  ["a listen on a negative port", "listen -1;", "a.conf:1:8: listen -1, expected a port from 1 to 65535"],
  ["a listen on a word", "listen rtmp;", "a.conf:1:8: listen rtmp, expected a port from 1 to 65535"],
  [
    "a heartbeat without interval",
    "listen 1; heartbeat { interval 0.3; }",
    "a.conf:1:32: heartbeat.interval 0.3, expected at least 1 second"
  ],
  [
    "a trusted proxy that is no address",
    "listen 1; trusted_proxies { addresses 10.0.0.0/8 proxy.local; }",
    "a.conf:1:39: trusted_proxies.addresses 10.0.0.0/8 proxy.local, expected addresses and networks"
  ],
  [
    "PROXY headers of nobody",
    "listen 1; trusted_proxies { proxy_protocol 1; }",
    "a.conf:1:44: proxy_protocol, but no proxy is trusted, expected addresses of trusted proxies"
  ],
  [
    "an address that is not there",
    "listen 1; stats { network 1; }",
    "a.conf:1:27: stats.network 1, expected the index of one of 1 local addresses"
  ],
  [
    "a negative address",
    "listen 1; stats { network -1; }",
    "a.conf:1:27: stats.network -1, expected the index of one of 1 local addresses"
  ],
  [
    "an empty endpoint of the API",
    "listen 1; http_api { listen; }",
    "a.conf:1:22: http_api.listen is empty, expected a value"
  ],
  [
    "an empty endpoint of the HTTP server",
    "listen 1; http_server { listen ''; }",
    "a.conf:1:25: http_server.listen is empty, expected a value"
  ],
  [
    "parts longer than half a segment",
    "listen 1; vhost v { hls { hls_low_latency on; hls_fragment 1; hls_part 0.6; } }",
    "a.conf:1:63: hls_part 0.6 with hls_fragment 1 of vhost v, expected at most half of hls_fragment"
  ],
  [
    "HTTP shared and HTTPS not",
    "listen 1; http_api { listen 8080; https { listen 1990; } }",
    "a.conf:1:50: http_api and http_server share the endpoint of HTTP but not that of HTTPS, " +
      "expected both endpoints equal, or both different"
  ],
  [
    "HTTPS shared and HTTP not",
    "listen 1; http_api { https { listen 8088; } }",
    "a.conf:1:11: http_api and http_server share the endpoint of HTTPS but not that of HTTP, " +
      "expected both endpoints equal, or both different"
  ],
  [
    "HTTPS of the API alone",
    "listen 1; http_api { https { enabled on; } }",
    "a.conf:1:38: HTTPS of http_api without its HTTP, expected http_api enabled"
  ],
  [
    "HTTPS of the server alone",
    "listen 1; http_server { https { enabled on; } }",
    "a.conf:1:41: HTTPS of http_server without its HTTP, expected http_server enabled"
  ],
  ["an empty log file", "listen 1; srs_log_file '';", "a.conf:1:11: srs_log_file is empty, expected a value"],
  [
    "two http_remux",
    "listen 1; vhost v { http_remux {} http_remux {} }",
    "a.conf:1:35: a second http_remux of vhost v, expected one"
  ],
  [
    "HLS beside HTTP-TS",
    "listen 1; vhost v { hls { enabled on; } http_remux { enabled on; mount /[app]/[stream].ts; } }",
    "a.conf:1:66: http_remux mounts .ts of vhost v, which has HLS enabled, expected another extension, or hls off"
  ],
  [
    "HTTP-TS among the formats beside HLS",
    "listen 1; vhost v { hls { enabled on; } http_remux { enabled on; formats aac ts; } }",
    "a.conf:1:66: http_remux mounts .ts of vhost v, which has HLS enabled, expected another extension, or hls off"
  ],
  [
    "forward with kickoff_for_idle",
    "listen 1; vhost v { forward { enabled on; } publish { kickoff_for_idle 0.5; } }",
    "a.conf:1:55: kickoff_for_idle together with forward of vhost v, expected only one"
  ],
  [
    "two ingests without id",
    "listen 1; vhost v { ingest {} ingest {} }",
    'a.conf:1:31: a second ingest "" of vhost v, expected ids that differ'
  ],
  [
    "two ingests with one id",
    "listen 1; vhost v { ingest a {} ingest b {} ingest a {} }",
    'a.conf:1:45: a second ingest "a" of vhost v, expected ids that differ'
  ],
  [
    "asprocess in the background",
    "listen 1; asprocess on;",
    "a.conf:1:21: asprocess on together with daemon on, expected daemon off"
  ],
  ["no connections", "listen 1; max_connections 0;", "a.conf:1:27: max_connections 0, expected at least 1"],
  ["the full example of SRS", "listen 1; is_full on;", "a.conf:1:19: this file shows everything and is not to be used"]
]

for (const [rule, text, message] of refused) {
  test(`refuses ${rule}`, () => {
    expect(refusals(text)).toEqual([message])
  })
}

test("refuses connections beyond the limit of open files", () => {
  expect(refusals("listen 1;", {}, files(1024))).toEqual([
    "a.conf: max_connections 1000, expected less than 896, because the process may open 1024 files (ulimit -n)"
  ])
  expect(refusals("listen 1; max_connections 895;", {}, files(1024))).toEqual([])
  expect(refusals("listen 1; max_connections 896;", {}, files(1024))).not.toBeEmpty()
})

const allowed: ReadonlyArray<readonly [rule: string, text: string]> = [
  ["HTTP and HTTPS both shared", "http_api { listen 8080; } "],
  ["HTTP and HTTPS both shared, written down", "http_api { listen 8080; https { listen 8088; } }"],
  ["an empty log file beside the console", "srs_log_tank console; srs_log_file '';"],
  ["asprocess in the foreground", "asprocess on; daemon off;"],
  ["HLS beside HTTP-FLV", "vhost v { hls { enabled on; } http_remux { enabled on; } }"],
  [
    "HLS beside HTTP-TS mounted before it is enabled",
    "vhost v { hls { enabled on; } http_remux { mount a.ts; enabled on; } }"
  ],
  ["HTTP-TS without HLS", "vhost v { http_remux { enabled on; mount a.ts; } }"],
  ["forward without kickoff_for_idle", "vhost v { forward { enabled on; } }"],
  ["one ingest in each vhost", "vhost v { ingest {} } vhost w { ingest {} }"],
  ["an IPv6 endpoint", "http_server { listen [::]:80; }"]
]

for (const [rule, text] of allowed) {
  test(`allows ${rule}`, () => {
    expect(refusals(`listen 1; ${text}`)).toEqual([])
  })
}

test("the environment takes part", () => {
  expect(refusals("daemon off;", { SRS_LISTEN: "1935" })).toEqual([])
  expect(refusals("listen 1; http_api { listen; }", { SRS_HTTP_API_LISTEN: "1985" })).toEqual([])
  expect(refusals("listen 1;", { SRS_ASPROCESS: "on" })).not.toBeEmpty()
  expect(
    refusals("listen 1; vhost v { forward { enabled on; } }", { SRS_VHOST_PUBLISH_KICKOFF_FOR_IDLE: "3" })
  ).toEqual(["a.conf:1:11: kickoff_for_idle together with forward of vhost v, expected only one"])
})
