/** Every default, typed by hand from the description of SRS 7.0.18. */
import { expect, test } from "bun:test"
import { globalOf, vhostOf } from "./loading.ts"

const any = "0.0.0.0"
const global = globalOf("")
const vhost = vhostOf("")

test("the top level", () => {
  const blocks = [
    "circuitBreaker",
    "exporter",
    "heartbeat",
    "httpApi",
    "httpServer",
    "otlp",
    "rtcServer",
    "rtmps",
    "srtServer",
    "stats",
    "streamCasters",
    "tencentCloudApm",
    "tencentCloudCls",
    "threads",
    "trustedProxies"
  ]
  const fields: object = Object.fromEntries(Object.entries(global).filter(([property]) => !blocks.includes(property)))
  expect(fields).toEqual({
    listen: [{ host: any, port: 1935 }],
    pidFile: "./objs/srs.pid",
    chunkSizeBytes: 60_000,
    serverId: "",
    maxConnections: 1000,
    maxConnectionsPerAddress: 0,
    daemon: true,
    user: [],
    utcTime: false,
    pithyPrintMillis: 10_000,
    workDir: "./",
    asProcess: false,
    emptyIpOk: true,
    inDocker: false,
    disableDaemonForDocker: true,
    graceStartWaitMillis: 2300,
    graceFinalWaitMillis: 3200,
    forceGraceQuit: false,
    inotifyAutoReload: false,
    autoReloadForDocker: true,
    tcmallocReleaseRate: 0.8,
    queryLatestVersion: false,
    firstWaitForQlvMillis: 300_000,
    isFull: false,
    logTank: "file",
    logLevel: "trace",
    logLevelV2: "",
    logFile: "./objs/srs.log",
    logFormat: "auto",
    logRotate: { sizeBytes: 0, keep: 7 },
    ffLogDir: "./objs",
    ffLogLevel: "info"
  })
})

test("threads and circuit_breaker", () => {
  expect(global.threads).toEqual({ intervalMillis: 5000 })
  expect(global.circuitBreaker).toEqual({
    enabled: true,
    highThresholdPercent: 90,
    highPulse: 2,
    criticalThresholdPercent: 95,
    criticalPulse: 1,
    dyingThresholdPercent: 99,
    dyingPulse: 5
  })
})

test("http_api", () => {
  expect(global.httpApi).toEqual({
    enabled: false,
    listen: { host: any, port: 1985 },
    crossdomain: true,
    rawApi: { enabled: false, allowReload: false },
    auth: { enabled: false, username: "", password: "" },
    https: {
      enabled: false,
      listen: { host: any, port: 1990 },
      key: "./conf/server.key",
      cert: "./conf/server.crt"
    }
  })
})

test("http_server", () => {
  expect(global.httpServer).toEqual({
    enabled: false,
    listen: { host: any, port: 8080 },
    dir: "./objs/nginx/html",
    crossdomain: true,
    vodHls: true,
    vodFragmentMillis: 6000,
    https: {
      enabled: false,
      listen: { host: any, port: 8088 },
      key: "./conf/server.key",
      cert: "./conf/server.crt"
    }
  })
})

test("rtmps and otlp", () => {
  expect(global.rtmps).toEqual({
    enabled: false,
    listen: [{ host: any, port: 443 }],
    key: "./conf/server.key",
    cert: "./conf/server.crt"
  })
  expect(global.otlp).toEqual({
    enabled: false,
    endpoint: "http://127.0.0.1:4318",
    exporter: "effect",
    traces: true,
    logs: true,
    serviceName: "sluice"
  })
})

test("srt_server", () => {
  expect(global.srtServer).toEqual({
    enabled: false,
    listenPort: 10_080,
    maxBandwidthBytesPerSecond: -1,
    maxSegmentBytes: 1500,
    connectTimeoutMillis: 3000,
    peerIdleTimeoutMillis: 10_000,
    defaultApp: "live",
    latencyMillis: 120,
    receiveLatencyMillis: 120,
    peerLatencyMillis: 0,
    timestampDelivery: true,
    tooLatePacketDrop: true,
    sendBufferBytes: 8192 * 1472,
    receiveBufferBytes: 8192 * 1472,
    payloadBytes: 1316,
    passphrase: "",
    keyLengthBytes: 0
  })
})

test("rtc_server", () => {
  expect(global.rtcServer).toEqual({
    enabled: false,
    listenPort: 8000,
    tcp: { enabled: false, listenPort: 8000 },
    protocol: "udp",
    candidates: ["*"],
    useAutoDetectNetworkIp: true,
    ipFamily: "ipv4",
    apiAsCandidates: true,
    resolveApiDomain: true,
    keepApiDomain: false,
    ecdsa: true,
    encrypt: true,
    reusePort: 1,
    mergeNalus: false,
    blackHole: { enabled: false, address: "" }
  })
})

test("stream_caster", () => {
  expect(global.streamCasters).toEqual([])
  expect(globalOf("stream_caster {}").streamCasters).toEqual([
    {
      argument: "",
      enabled: false,
      caster: "",
      output: "",
      listenPort: 0,
      sip: { enabled: true, listenPort: 5060, timeoutMillis: 60_000, reinviteMillis: 5000, candidate: "*" }
    }
  ])
})

test("exporter, heartbeat and stats", () => {
  expect(global.exporter).toEqual({ enabled: false, listen: { host: any, port: 9972 }, label: "", tag: "" })
  expect(global.heartbeat).toEqual({
    enabled: false,
    intervalMillis: 10_000,
    url: "http://127.0.0.1:8085/api/v1/servers",
    deviceIp: "",
    deviceId: "",
    summaries: false,
    ports: false
  })
  expect(global.stats).toEqual({ enabled: true, network: 0, disks: [] })
})

test("tencentcloud", () => {
  expect(global.tencentCloudCls).toEqual({
    enabled: false,
    label: "",
    tag: "",
    secretId: "",
    secretKey: "",
    endpoint: "",
    topicId: "",
    debugLogging: false,
    statHeartbeat: true,
    heartbeatRatio: 1,
    statStreams: true,
    streamsRatio: 1
  })
  expect(global.tencentCloudApm).toEqual({
    enabled: false,
    team: "",
    token: "",
    endpoint: "",
    serviceName: "srs-server",
    debugLogging: false
  })
})

test("a vhost", () => {
  expect(vhost).toMatchObject({
    name: "v",
    enabled: true,
    chunkSizeBytes: 60_000,
    minLatency: false,
    rtcMinLatency: true,
    tcpNoDelay: false,
    inAckSizeBytes: 0,
    outAckSizeBytes: 2_500_000
  })
})

test("play", () => {
  expect(vhost.play).toEqual({
    gopCache: true,
    gopCacheMaxFrames: 2500,
    queueLengthMillis: 30_000,
    timeJitter: "full",
    atc: false,
    atcAuto: false,
    mixCorrect: false,
    mwLatencyMillis: 350,
    mwMessages: 8,
    sendMinIntervalMillis: 0,
    reduceSequenceHeader: false
  })
})

test("publish", () => {
  expect(vhost.publish).toEqual({
    mr: false,
    mrLatencyMillis: 350,
    firstPacketTimeoutMillis: 20_000,
    normalTimeoutMillis: 5000,
    parseSps: true,
    tryAnnexbFirst: true,
    kickoffForIdleMillis: 0,
    onConflict: "refuse",
    graceMillis: 0,
    silentAudio: false
  })
})

test("cluster, forward, refer, security and exec", () => {
  expect(vhost.cluster).toEqual({
    mode: "local",
    origins: [],
    tokenTraverse: false,
    upstreamVhost: "[vhost]",
    debugUpnode: true,
    protocol: "rtmp",
    followClient: false,
    originCluster: false,
    coworkers: []
  })
  expect(vhost.forward).toEqual({ enabled: false, destinations: [], backend: "", tlsVerify: true })
  expect(vhost.refer).toEqual({ enabled: false, http: false, all: [], publish: [], play: [] })
  expect(vhost.security).toEqual({ enabled: false, allow: [], deny: [] })
  expect(vhost.exec).toEqual({ enabled: false, publish: [] })
})

test("http_hooks, http_static and http_remux", () => {
  expect(vhost.httpHooks).toEqual({
    enabled: false,
    onConnect: [],
    onClose: [],
    onPublish: [],
    onUnpublish: [],
    onPlay: [],
    onStop: [],
    onDvr: [],
    onHls: [],
    onHlsNotify: [],
    secret: "",
    tlsVerify: false
  })
  expect(vhost.httpStatic).toEqual({ enabled: false, mount: "[vhost]/", dir: "./objs/nginx/html" })
  expect(vhost.httpRemux).toEqual({
    enabled: false,
    mount: "[vhost]/[app]/[stream].flv",
    formats: [],
    fastCacheMillis: 0,
    dropIfNotMatch: true,
    hasAudio: true,
    hasVideo: true,
    guessHasAv: true
  })
})

test("hls", () => {
  expect(vhost.hls).toEqual({
    enabled: false,
    fragmentMillis: 10_000,
    targetDurationRatio: 1,
    audioOverflowRatio: 2.1,
    windowMillis: 60_000,
    onError: "continue",
    path: "./objs/nginx/html",
    playlistFile: "[app]/[stream].m3u8",
    segmentFile: "[app]/[stream]-[seq].ts",
    useFmp4: false,
    lowLatency: false,
    partMillis: 200,
    floor: false,
    entryPrefix: "",
    audioCodec: "aac",
    videoCodec: "h264",
    cleanup: true,
    disposeMillis: 120_000,
    waitKeyframe: true,
    notifyBytes: 64,
    dtsDirectly: true,
    ctx: true,
    segmentCtx: true,
    keys: false,
    fragmentsPerKey: 5,
    keyFile: "[app]/[stream]-[seq].key",
    keyFilePath: "./objs/nginx/html",
    keyUrl: "./objs/nginx/html",
    storage: "disk"
  })
})

test("dash, hds and dvr", () => {
  expect(vhost.dash).toEqual({
    enabled: false,
    fragmentMillis: 10_000,
    chunkMillis: 0,
    latencyMillis: 2000,
    updatePeriodMillis: 5000,
    timeshiftMillis: 300_000,
    path: "./objs/nginx/html",
    mpdFile: "[app]/[stream].mpd",
    windowSegments: 5,
    cleanup: true,
    disposeMillis: 120_000
  })
  expect(vhost.hds).toEqual({
    enabled: false,
    fragmentMillis: 10_000,
    windowMillis: 60_000,
    path: "./objs/nginx/html"
  })
  expect(vhost.dvr).toEqual({
    enabled: false,
    apply: ["all"],
    plan: "session",
    path: "./objs/nginx/html/[app]/[stream].[timestamp].flv",
    durationMillis: 30_000,
    waitKeyframe: true,
    timeJitter: "full"
  })
})

const engine = {
  enabled: false,
  perFile: [],
  videoFilter: [],
  videoParams: [],
  audioParams: [],
  inputFormat: "flv",
  outputFormat: "flv",
  videoCodec: "",
  audioCodec: "",
  videoKbps: 0,
  audioKbps: 0,
  videoFps: 0,
  videoWidth: 0,
  videoHeight: 0,
  videoThreads: 1,
  videoProfile: "",
  videoPreset: "",
  audioSampleRate: 0,
  audioChannels: 0,
  output: ""
}

test("ingest and transcode", () => {
  expect([vhost.ingests, vhost.transcodes]).toEqual([[], []])
  const { ingests, transcodes } = vhostOf("ingest id { engine e {} } transcode live/s { engine {} }")
  const input = { type: "file", url: "" } as const
  expect(ingests).toEqual([
    { argument: "id", enabled: false, input, ffmpeg: "", engines: [{ argument: "e", ...engine }] }
  ])
  expect(transcodes).toEqual([
    { argument: "live/s", enabled: false, ffmpeg: "", engines: [{ argument: "", ...engine }] }
  ])
})

test("rtc and srt in a vhost", () => {
  expect(vhost.rtc).toEqual({
    enabled: false,
    nack: true,
    nackNoCopy: true,
    twcc: true,
    stunTimeoutMillis: 30_000,
    stunStrictCheck: false,
    dtlsRole: "passive",
    dtlsVersion: "auto",
    dropForPt: 0,
    rtmpToRtc: false,
    keepBframe: false,
    keepAvcNaluSei: true,
    opusBitrate: 48_000,
    aacBitrate: 48_000,
    rtcToRtmp: false,
    pliForRtmpMillis: 6000
  })
  expect(vhost.srt).toEqual({ enabled: false, srtToRtmp: true })
})
