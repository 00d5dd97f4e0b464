import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { print } from "../../../src/domain/config/Directive.ts"
import { parse } from "../../../src/domain/config/Grammar.ts"
import { rewrite } from "../../../src/domain/config/rewrite.ts"
import { loaded } from "./loading.ts"

const parsed = (text: string) => Result.getOrThrow(parse(text, "a.conf", () => Result.fail("no such file")))
const rewritten = (text: string): string => print(rewrite(parsed(text)))
const same = (text: string): string => print(parsed(text))

/** Old and new text; a vhost is put around both where the name says so. */
const rewrites: ReadonlyArray<readonly [name: string, old: string, today: string]> = [
  ["http_stream", "http_stream { enabled on; }", "http_server { enabled on; }"],
  ["rtc_server", "rtc_server { perf_stat on; listen 8000; queue_length 5; }", "rtc_server { listen 8000; }"],
  ["srt_server", "srt_server { tlpkdrop off; }", "srt_server { tlpktdrop off; }"],
  [
    "stream_caster",
    `stream_caster { enabled on; tcp_enable on; rtp_port_min 1; rtp_port_max 2; wait_keyframe on; rtp_idle_timeout 3;
       audio_enable on; auto_create_channel on; host 1.2.3.4; sip { serial 1; realm 2; ack_timeout 3;
       keepalive_timeout 4; invite_port_fixed on; query_catalog_interval 5; auto_play on; listen 5060; } }`,
    "stream_caster { enabled on; sip { listen 5060; candidate 1.2.3.4; } }"
  ],
  ["stream_caster without sip", "stream_caster { host a; }", "stream_caster { sip { candidate a; } }"]
]

const vhostRewrites: ReadonlyArray<readonly [name: string, old: string, today: string]> = [
  ["http", "http { enabled on; }", "http_static { enabled on; }"],
  ["hstrs", "http_remux { hstrs on; enabled on; }", "http_remux { enabled on; }"],
  ["refer", "refer a b; refer_play c; refer_publish d;", "refer { enabled on; all a b; play c; publish d; }"],
  ["refer_play alone", "refer_play c;", "refer { enabled on; play c; }"],
  ["refer as a block", "refer { enabled on; all a; }", "refer { enabled on; all a; }"],
  ["mr", "mr { enabled on; latency 500; }", "publish { mr on; mr_latency 500; }"],
  [
    "publish timeouts",
    "publish_1stpkt_timeout 1; publish_normal_timeout 2;",
    "publish { firstpkt_timeout 1; normal_timeout 2; }"
  ],
  [
    "play",
    `time_jitter off; mix_correct on; atc on; atc_auto on; mw_latency 1; gop_cache off; gop_cache_max_frames 2;
       queue_length 3; send_min_interval 4; reduce_sequence_header on;`,
    `play { time_jitter off; mix_correct on; atc on; atc_auto on; mw_latency 1; gop_cache off; gop_cache_max_frames 2;
       queue_length 3; send_min_interval 4; reduce_sequence_header on; }`
  ],
  ["play beside a block", "play { atc on; gop_cache on; } gop_cache off;", "play { atc on; gop_cache off; }"],
  ["forward", "forward a b:1936;", "forward { enabled on; destination a b:1936; }"],
  ["forward as a block", "forward { enabled off; }", "forward { enabled off; }"],
  [
    "cluster",
    "mode remote; origin a b; token_traverse on; vhost x; debug_srs_upnode off;",
    "cluster { mode remote; origin a b; token_traverse on; vhost x; debug_srs_upnode off; }"
  ],
  [
    "nack and twcc",
    "nack { enabled off; no_copy off; } twcc { enabled off; }",
    "rtc { nack off; nack_no_copy off; twcc off; }"
  ],
  ["rtc", "rtc { aac transcode; bframe keep; }", "rtc { rtmp_to_rtc on; keep_bframe on; }"],
  ["rtc off", "rtc { aac discard; bframe discard; }", "rtc { rtmp_to_rtc off; keep_bframe off; }"]
]

const inVhost = (text: string): string => `vhost v { ${text} }`

for (const [name, old, today] of [
  ...rewrites,
  ...vhostRewrites.map(([name, old, today]) => [name, inVhost(old), inVhost(today)] as const)
]) {
  test(`rewrites ${name}`, () => {
    expect(rewritten(old)).toBe(same(today))
    expect(rewritten(today)).toBe(same(today))
    expect(loaded(`listen 1935;${old}`).snapshot).toEqual(loaded(`listen 1935;${today}`).snapshot)
  })
}

test("what is moved keeps its place", () => {
  const [vhost] = rewrite(parsed("vhost v {\n  gop_cache off;\n}"))
  expect(vhost.block?.[0].block?.[0].place.line).toBe(2)
})
