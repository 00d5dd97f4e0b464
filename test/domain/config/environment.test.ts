import { expect, test } from "bun:test"
import { misspelledVariables } from "../../../src/domain/config/environment.ts"
import { coreSchema, globalOf, loaded, loadedFromEnvironment, refusals, vhostOf } from "./loading.ts"

test("a variable beats the file, an empty one does not", () => {
  expect(globalOf("max_connections 5;", { SRS_MAX_CONNECTIONS: "7" }).maxConnections).toBe(7)
  expect(globalOf("max_connections 5;", { SRS_MAX_CONNECTIONS: "" }).maxConnections).toBe(5)
})

test("names follow from the path, without the vhost's name", () => {
  const environment = {
    SRS_HTTP_API_RAW_API_ENABLED: "on",
    SRS_RTC_SERVER_TCP_LISTEN: "9000",
    SRS_VHOST_HLS_HLS_FRAGMENT: "2.5",
    SRS_VHOST_PLAY_QUEUE_LENGTH: "3",
    SRS_VHOST_PUBLISH_ON_CONFLICT: "takeover",
    SRS_RTMPS_LISTEN: "1443 [::]:1444"
  }
  const global = globalOf("", environment)
  expect([global.httpApi.rawApi.enabled, global.rtcServer.tcp.listenPort]).toEqual([true, 9000])
  expect(global.rtmps.listen).toEqual([
    { host: "0.0.0.0", port: 1443 },
    { host: "::", port: 1444 }
  ])
  const { snapshot } = loaded("listen 1935; vhost a { hls { hls_fragment 7; } } vhost b {}", environment)
  for (const vhost of snapshot.vhosts.values()) {
    expect(vhost.hls.fragmentMillis).toBe(2500)
    expect(vhost.play.queueLengthMillis).toBe(3000)
    expect(vhost.publish.onConflict).toBe("takeover")
  }
})

test("lists split at spaces, other values do not", () => {
  const environment = { SRS_LISTEN: " 1935  1936 ", SRS_VHOST_HTTP_HOOKS_ON_PLAY: "http://a http://b", SRS_PID: "a b" }
  const global = globalOf("", environment)
  expect(global.listen.map(({ port }) => port)).toEqual([1935, 1936])
  expect(global.pidFile).toBe("a b")
  expect(vhostOf("", environment).httpHooks.onPlay).toEqual(["http://a", "http://b"])
})

test("switches read by the kind of their directive", () => {
  expect(globalOf("", { SRS_DAEMON: "no" }).daemon).toBe(true)
  expect(globalOf("", { SRS_DAEMON: "off" }).daemon).toBe(false)
  expect(globalOf("", { SRS_UTC_TIME: "yes" }).utcTime).toBe(false)
  expect(globalOf("", { SRS_UTC_TIME: "on" }).utcTime).toBe(true)
})

test("log variables have two spellings, the longer first", () => {
  expect(globalOf("", { SRS_LOG_TANK: "console" }).logTank).toBe("console")
  expect(globalOf("", { SRS_LOG_TANK: "console", SRS_SRS_LOG_TANK: "file" }).logTank).toBe("file")
  expect(globalOf("", { SRS_SRS_LOG_LEVEL: "warn", SRS_LOG_LEVEL: "error" }).logLevel).toBe("warn")
  expect(globalOf("", { SRS_LOG_LEVEL_V2: "debug" }).logLevelV2).toBe("debug")
  expect(globalOf("", { SRS_LOG_FILE: "/tmp/x" }).logFile).toBe("/tmp/x")
})

test("srt_to_rtmp has two names, the longer first", () => {
  expect(vhostOf("", { SRS_VHOST_SRT_TO_RTMP: "off" }).srt.srtToRtmp).toBe(false)
  const both = { SRS_VHOST_SRT_SRT_TO_RTMP: "on", SRS_VHOST_SRT_TO_RTMP: "off" }
  expect(vhostOf("", both).srt.srtToRtmp).toBe(true)
})

test("SRS_VHOST_CHUNK_SIZE is of the server and of every vhost, SRS_CHUNK_SIZE of the server", () => {
  const both = { SRS_VHOST_CHUNK_SIZE: "4096", SRS_CHUNK_SIZE: "8192" }
  expect(globalOf("", both).chunkSizeBytes).toBe(4096)
  expect(vhostOf("chunk_size 128;", both).chunkSizeBytes).toBe(4096)
  expect(vhostOf("", { SRS_CHUNK_SIZE: "8192" }).chunkSizeBytes).toBe(8192)
  expect(vhostOf("chunk_size 128;", { SRS_CHUNK_SIZE: "8192" }).chunkSizeBytes).toBe(128)
})

test("the window of DASH is read rightly", () => {
  expect(vhostOf("", { SRS_VHOST_DASH_DASH_WINDOW_SIZE: "7" }).dash.windowSegments).toBe(7)
})

test("some blocks have no variables", () => {
  const environment = {
    SRS_STATS_NETWORK: "7",
    SRS_VHOST_ENABLED: "off",
    SRS_VHOST_CLUSTER_MODE: "remote",
    SRS_VHOST_FORWARD_ENABLED: "on",
    SRS_VHOST_REFER_ENABLED: "on",
    SRS_VHOST_SECURITY_ENABLED: "on",
    SRS_VHOST_EXEC_ENABLED: "on",
    SRS_VHOST_DVR_DVR_APPLY: "live/a",
    SRS_STREAM_CASTER_ENABLED: "on",
    SRS_VHOST_INGEST_ENABLED: "on",
    SRS_VHOST_TRANSCODE_ENABLED: "on",
    SRS_IS_FULL: "on"
  }
  const text = "listen 1935; stream_caster {} vhost v { ingest {} transcode {} }"
  expect(loaded(text, environment).snapshot).toEqual(loaded(text).snapshot)
})

test("the environment alone: foreground, console, an empty default vhost", () => {
  const { global, vhosts } = loadedFromEnvironment({ SRS_LISTEN: "1935", SRS_VHOST_HTTP_REMUX_ENABLED: "on" }).snapshot
  expect([global.daemon, global.logTank, global.listen.length]).toEqual([false, "console", 1])
  expect([...vhosts.keys()]).toEqual(["__defaultVhost__"])
  expect(vhosts.get("__defaultVhost__")?.httpRemux.enabled).toBe(true)
  const own = loadedFromEnvironment({ SRS_DAEMON: "on", SRS_LOG_TANK: "file" }).snapshot.global
  expect([own.daemon, own.logTank, own.listen]).toEqual([true, "file", []])
  expect(loadedFromEnvironment({ SRS_SRS_LOG_TANK: "file" }).snapshot.global.logTank).toBe("file")
})

test("a value that does not fit is named by its variable", () => {
  const { warnings } = loaded("listen 1935;", { SRS_MAX_CONNECTIONS: "9x", SRS_VHOST_PLAY_TIME_JITTER: "none" })
  expect(warnings.map(({ message }) => message)).toEqual([
    "SRS_MAX_CONNECTIONS: max_connections 9x, expected integer",
    "SRS_VHOST_PLAY_TIME_JITTER: vhost.play.time_jitter none, expected one of full, zero, off"
  ])
  expect(refusals("listen 1935;", { SRS_VHOST_PUBLISH_ON_CONFLICT: "fight" })).toEqual([
    "SRS_VHOST_PUBLISH_ON_CONFLICT: vhost.publish.on_conflict fight, expected one of refuse, takeover, takeover_same_token"
  ])
})

test("a misspelled variable is noticed, one that is somebody else's is not", () => {
  const environment = {
    SRS_VHOST_PLAY_GOP_CACH: "off",
    SRS_LISTEN: "1935",
    SRS_SERVICE_HOST: "10.0.0.1",
    SRS_PORT_1935_TCP: "tcp://10.0.0.1:1935",
    SRS_CONFIG_FILE: "x",
    PATH: "/bin"
  }
  expect(misspelledVariables(coreSchema, environment)).toEqual([
    { variable: "SRS_VHOST_PLAY_GOP_CACH", meant: "SRS_VHOST_PLAY_GOP_CACHE" }
  ])
})
