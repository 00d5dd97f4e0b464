import { expect, test } from "bun:test"
import { resolveVhost, runsInBackground } from "../../../src/domain/config/Settings.ts"
import { boundless, globalOf, loaded, vhostOf } from "./loading.ts"

test("a switch that is off by default is on only for on, one that is on is off only for off", () => {
  const words = ["on", "off", "yes", "ON", "1"]
  expect(words.map((word) => vhostOf(`play { atc ${word}; }`).play.atc)).toEqual([true, false, false, false, false])
  expect(words.map((word) => vhostOf(`play { gop_cache ${word}; }`).play.gopCache)).toEqual([
    true,
    false,
    true,
    true,
    true
  ])
})

test("three switches read in their own way", () => {
  const words = ["on", "off", "yes"]
  expect(words.map((word) => vhostOf(`hls { hls_keys ${word}; }`).hls.keys)).toEqual([true, false, true])
  expect(words.map((word) => vhostOf(`srt { srt_to_rtmp ${word}; }`).srt.srtToRtmp)).toEqual([true, false, false])
  expect(words.map((word) => globalOf(`query_latest_version ${word};`).queryLatestVersion)).toEqual([true, false, true])
  const ofEnvironment = (word: string) => globalOf("", { SRS_QUERY_LATEST_VERSION: word }).queryLatestVersion
  expect(words.map(ofEnvironment)).toEqual([true, false, false])
})

test("times are milliseconds", () => {
  const { play, publish } = vhostOf(
    "play { queue_length 9.7; mw_latency 100; send_min_interval 10.5; } publish { kickoff_for_idle 1.5; grace 0.25; }"
  )
  expect(play).toMatchObject({ queueLengthMillis: 9000, mwLatencyMillis: 100, sendMinIntervalMillis: 10.5 })
  expect(publish).toMatchObject({ kickoffForIdleMillis: 1500, graceMillis: 250 })
})

test("a word that is none of those listed is what SRS makes of it", () => {
  expect(vhostOf("play { time_jitter zero; }").play.timeJitter).toBe("zero")
  expect(vhostOf("play { time_jitter sometimes; }").play.timeJitter).toBe("off")
  expect(vhostOf("rtc { dtls_role server; }").rtc.dtlsRole).toBe("passive")
  expect(globalOf("srs_log_tank both;").logTank).toBe("file")
  expect(globalOf("srs_log_level loud;").logLevel).toBe("off")
})

test("numbers beyond their limits", () => {
  expect(vhostOf("play { mw_msgs 500; }").play.mwMessages).toBe(128)
  expect(vhostOf("chunk_size 1;").chunkSizeBytes).toBe(128)
  expect(globalOf("chunk_size 100000;").chunkSizeBytes).toBe(65_536)
  expect(vhostOf("rtc { opus_bitrate 1; pli_for_rtmp 40; }").rtc).toMatchObject({
    opusBitrate: 48_000,
    pliForRtmpMillis: 6000
  })
})

test("the first directive of a name counts, and one without argument is none", () => {
  expect(vhostOf("play { mw_latency 1; mw_latency 2; } play { mw_latency 3; }").play.mwLatencyMillis).toBe(1)
  expect(vhostOf("play {} play { mw_latency 3; }").play.mwLatencyMillis).toBe(350)
  expect(vhostOf("play { mw_latency; }").play.mwLatencyMillis).toBe(350)
  expect(vhostOf("http_hooks { on_play a b c; }").httpHooks.onPlay).toEqual(["a", "b", "c"])
})

test("directives that repeat keep all", () => {
  const { exec, security } = vhostOf(
    "security { allow play all; deny publish 10.0.0.0/8; allow publish 127.0.0.1; } exec { publish a -b; publish c; }"
  )
  expect(security).toMatchObject({
    allow: [
      ["play", "all"],
      ["publish", "127.0.0.1"]
    ],
    deny: [["publish", "10.0.0.0/8"]]
  })
  expect(exec.publish).toEqual([["a", "-b"], ["c"]])
})

test("blocks of options keep names and order", () => {
  const { transcodes } = vhostOf("transcode { engine { vfilter { v quiet; i ./logo.png; filter_complex 'a;b'; } } }")
  expect(transcodes[0].engines[0].videoFilter).toEqual([
    { name: "v", args: ["quiet"] },
    { name: "i", args: ["./logo.png"] },
    { name: "filter_complex", args: ["a;b"] }
  ])
})

test("defaults that follow another directive", () => {
  expect(vhostOf("", {}, "chunk_size 4096;").chunkSizeBytes).toBe(4096)
  expect(vhostOf("chunk_size 8192;", {}, "chunk_size 4096;").chunkSizeBytes).toBe(8192)
  expect(vhostOf("min_latency on;").play.mwMessages).toBe(0)
  expect(vhostOf("min_latency on; play { mw_msgs 4; }").play.mwMessages).toBe(4)
  expect(vhostOf("hls { hls_path /tmp/hls; }").hls).toMatchObject({ keyFilePath: "/tmp/hls", keyUrl: "/tmp/hls" })
  const shared = globalOf("http_api { listen 8080; } http_server { https { listen 8443; } }")
  expect(shared.httpApi.https.listen.port).toBe(8443)
})

test("min_latency is on for WebRTC unless it is off", () => {
  const both = (text: string) => {
    const { minLatency, rtcMinLatency } = vhostOf(text)
    return [minLatency, rtcMinLatency]
  }
  expect([both(""), both("min_latency on;"), both("min_latency off;")]).toEqual([
    [false, true],
    [true, true],
    [false, false]
  ])
})

test("a request goes to its vhost, else to the default one, and to none that is disabled", () => {
  const { snapshot } = loaded(
    "listen 1935; vhost a { min_latency on; } vhost a {} vhost off { enabled off; } vhost __defaultVhost__ {}"
  )
  const name = (host: string) => resolveVhost(snapshot, host)?.name
  expect(["a", "b", "", "off"].map(name)).toEqual(["a", "__defaultVhost__", "__defaultVhost__", undefined])
  expect(resolveVhost(snapshot, "a")?.minLatency).toBe(true)
  expect([...snapshot.vhosts.keys()]).toEqual(["a", "__defaultVhost__"])
  const without = loaded("listen 1935; vhost a {}").snapshot
  expect(resolveVhost(without, "b")).toBeUndefined()
  const disabled = loaded("listen 1935; vhost __defaultVhost__ { enabled off; }").snapshot
  expect(resolveVhost(disabled, "b")).toBeUndefined()
})

test("in Docker the log goes to the console and the process stays in the foreground", () => {
  const docker = { ...boundless, docker: true }
  const { global } = loaded("listen 1935;", {}, docker).snapshot
  expect([global.inDocker, global.logTank, runsInBackground(global)]).toEqual([true, "console", false])
  expect(globalOf("in_docker on;").logTank).toBe("console")
  expect(globalOf("in_docker on; srs_log_tank file;").logTank).toBe("file")
  expect(runsInBackground(globalOf("in_docker on; disable_daemon_for_docker off;"))).toBe(true)
  expect(runsInBackground(globalOf(""))).toBe(true)
})
