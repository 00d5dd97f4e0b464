/** What holds for every table. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { makeSchema } from "../../../src/domain/config/ConfigSchema.ts"
import { coreTables } from "../../../src/domain/config/directives/core.ts"
import { endpoint, flag, group, millis, table } from "../../../src/domain/config/entries.ts"
import type { Fields } from "../../../src/domain/config/Entry.ts"
import { knownVariables, variablesOf } from "../../../src/domain/config/environment.ts"
import { loadText } from "../../../src/domain/config/load.ts"
import { globalOf, vhostOf } from "../../../src/domain/config/Settings.ts"
import { coreSchema, optionsOf } from "./loading.ts"

test("no two tables have a property or a name in common", () => {
  for (const context of ["global", "vhost"] as const) {
    const properties = coreTables.flatMap((table) => Object.keys(table[context]))
    expect(properties.length).toBe(new Set(properties).size)
  }
})

test("every entry says what it is, and a default fits its own directive", () => {
  for (const { entry, path } of coreSchema.entries) {
    if (entry._tag !== "Retired") expect([path, entry.doc.endsWith(".")]).toEqual([path, true])
    if (entry._tag !== "Field" || entry.fallback.length === 0) continue
    const portsThatAreRequired = ["stream_caster.listen"]
    if (!portsThatAreRequired.includes(path)) expect([path, entry.misfit(entry.fallback)]).toEqual([path, undefined])
  }
})

/** Directives that share a variable on purpose. */
const shared = new Set(["SRS_VHOST_CHUNK_SIZE", "SRS_VHOST_MIN_LATENCY"])

test("no two directives have a variable in common", () => {
  const variables = coreSchema.entries.flatMap(({ entry, environment, path }) =>
    entry._tag === "Field" && environment ? variablesOf(entry, path) : []
  )
  const twice = variables.filter((variable, index) => variables.indexOf(variable) !== index)
  expect(new Set(twice)).toEqual(shared)
})

/** A sample of the variables of SRS 7.0.18, one or two of each block, by hand. */
const variablesOfSrs = [
  "SRS_LISTEN",
  "SRS_PID",
  "SRS_VHOST_CHUNK_SIZE",
  "SRS_SERVER_ID",
  "SRS_FF_LOG_DIR",
  "SRS_FF_LOG_LEVEL",
  "SRS_LOG_TANK",
  "SRS_SRS_LOG_LEVEL_V2",
  "SRS_MAX_CONNECTIONS",
  "SRS_DAEMON",
  "SRS_UTC_TIME",
  "SRS_PITHY_PRINT_MS",
  "SRS_WORK_DIR",
  "SRS_ASPROCESS",
  "SRS_EMPTY_IP_OK",
  "SRS_IN_DOCKER",
  "SRS_GRACE_START_WAIT",
  "SRS_GRACE_FINAL_WAIT",
  "SRS_FORCE_GRACE_QUIT",
  "SRS_DISABLE_DAEMON_FOR_DOCKER",
  "SRS_INOTIFY_AUTO_RELOAD",
  "SRS_AUTO_RELOAD_FOR_DOCKER",
  "SRS_TCMALLOC_RELEASE_RATE",
  "SRS_QUERY_LATEST_VERSION",
  "SRS_FIRST_WAIT_FOR_QLV",
  "SRS_THREADS_INTERVAL",
  "SRS_CIRCUIT_BREAKER_DYING_PULSE",
  "SRS_HTTP_API_LISTEN",
  "SRS_HTTP_API_RAW_API_ALLOW_RELOAD",
  "SRS_HTTP_API_AUTH_USERNAME",
  "SRS_HTTP_API_HTTPS_CERT",
  "SRS_HTTP_SERVER_DIR",
  "SRS_HTTP_SERVER_HTTPS_LISTEN",
  "SRS_SRT_SERVER_PEER_IDLE_TIMEOUT",
  "SRS_RTC_SERVER_CANDIDATE",
  "SRS_RTC_SERVER_BLACK_HOLE_ADDR",
  "SRS_RTC_SERVER_USE_AUTO_DETECT_NETWORK_IP",
  "SRS_EXPORTER_LABEL",
  "SRS_HEARTBEAT_DEVICE_ID",
  "SRS_TENCENTCLOUD_CLS_SECRET_ID",
  "SRS_TENCENTCLOUD_APM_TEAM",
  "SRS_VHOST_MIN_LATENCY",
  "SRS_VHOST_TCP_NODELAY",
  "SRS_VHOST_IN_ACK_SIZE",
  "SRS_VHOST_OUT_ACK_SIZE",
  "SRS_VHOST_PLAY_GOP_CACHE_MAX_FRAMES",
  "SRS_VHOST_PLAY_MW_MSGS",
  "SRS_VHOST_PUBLISH_FIRSTPKT_TIMEOUT",
  "SRS_VHOST_PUBLISH_TRY_ANNEXB_FIRST",
  "SRS_VHOST_HTTP_HOOKS_ON_HLS_NOTIFY",
  "SRS_VHOST_HTTP_STATIC_MOUNT",
  "SRS_VHOST_HTTP_REMUX_GUESS_HAS_AV",
  "SRS_VHOST_HLS_HLS_M3U8_FILE",
  "SRS_VHOST_HLS_ENABLED",
  "SRS_VHOST_DASH_DASH_MPD_FILE",
  "SRS_VHOST_HDS_HDS_WINDOW",
  "SRS_VHOST_DVR_TIME_JITTER",
  "SRS_VHOST_RTC_PLI_FOR_RTMP",
  "SRS_VHOST_SRT_ENABLED",
  "SRS_VHOST_SRT_SRT_TO_RTMP",
  "SRS_VHOST_SRT_TO_RTMP"
]

test("the variables of SRS are known", () => {
  const known = knownVariables(coreSchema)
  expect(variablesOfSrs.filter((variable) => !known.has(variable))).toEqual([])
})

test("properties that carry a unit say so", () => {
  const units: Readonly<Record<string, RegExp>> = {
    "whole seconds": /Millis$/,
    seconds: /Millis$/,
    "whole milliseconds": /Millis$/,
    milliseconds: /Millis$/
  }
  const check = (fields: Fields): void => {
    for (const [property, entry] of Object.entries(fields)) {
      if (entry._tag === "Group" || entry._tag === "Groups") check(entry.fields)
      if (entry._tag === "Field" && Object.hasOwn(units, entry.type)) expect(property).toMatch(units[entry.type])
    }
  }
  check(coreSchema.global)
  check(coreSchema.vhost)
})

/** A subsystem that the core knows nothing of. */
const toy = table({
  title: "Toy",
  doc: "A protocol.",
  active: true,
  global: {
    toy: group(
      "toy",
      { doc: "Its listener." },
      {
        enabled: flag("enabled", { default: false, reload: "start", doc: "Listen." }),
        listen: endpoint("listen", { default: 7777, reload: "start", doc: "Endpoint." })
      }
    )
  },
  vhost: {
    toy: group(
      "toy",
      { doc: "In a vhost." },
      {
        delayMillis: millis("delay", { default: 20, reload: "next", doc: "Delay." })
      }
    )
  }
})

test("a table that is contributed is checked, read from the environment and typed like the others", () => {
  const options = { ...optionsOf({ SRS_VHOST_TOY_DELAY: "30" }), schema: makeSchema([...coreTables, toy]) }
  const load = (text: string) => loadText(text, "a.conf", () => Result.fail(""), options)
  const { snapshot } = Result.getOrThrow(load("listen 1935; toy { enabled on; } vhost v {}"))
  const settings = globalOf(toy, snapshot.global).toy
  const enabled: boolean = settings.enabled
  const port: number = settings.listen.port
  expect([enabled, port]).toEqual([true, 7777])
  const [vhost] = snapshot.vhosts.values()
  const delayMillis: number = vhostOf(toy, vhost).toy.delayMillis
  expect(delayMillis).toBe(30)
  const refused = load("listen 1935; toy { enable on; }")
  expect(Result.isFailure(refused) && refused.failure[0].nearest).toBe("enabled")
})

test("only what a process is needs a restart: docs/reload.md lists it", () => {
  const needRestart = makeSchema(coreTables)
    .entries.filter(({ active, entry }) => active && "reload" in entry && entry.reload === "start")
    .map(({ path }) => path)
  const known = [
    "pid",
    "server_id",
    "work_dir",
    "daemon",
    "asprocess",
    "user",
    "in_docker",
    "disable_daemon_for_docker"
  ]
  expect(needRestart.filter((path) => !path.startsWith("otlp.")).sort()).toEqual(known.sort())
})
