/** Endpoints on the program, the process and the machine. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fixed from "../../domain/api/fixedAnswers.ts"
import type { Json, JsonObject } from "../../domain/api/Json.ts"
import { serverDetails } from "../../domain/api/liveAnswers.ts"
import {
  cpuStatData,
  meminfosData,
  type ProcessFacts,
  rusagesData,
  selfStatData,
  summariesData
} from "../../domain/api/systemAnswers.ts"
import { compatibleVersion } from "../../domain/Product.ts"
import type { SystemSample } from "../../domain/stats/SystemSample.ts"
import { Overload } from "../../services/Overload.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Statistics } from "../../services/Statistics.ts"
import { type ApiCall, type ApiEndpoint, commonFields, withDetails } from "./answers.ts"

/** What SRS answers at `tests/errors`. */
const testError = 100

const requestData = ({ method, request: { encrypted, head } }: ApiCall, nowMillis: number): JsonObject => ({
  uri: `${encrypted ? "https" : "http"}://${head.authority}${head.target}`,
  path: head.path,
  METHOD: method,
  headers: { sigature: "SRS", version: compatibleVersion, link: fixed.projectUrl, time: nowMillis }
})

export const serverEndpoints = Effect.gen(function* () {
  const identity = yield* ServerIdentity
  const sessions = yield* Sessions
  const statistics = yield* Statistics
  const overload = yield* Overload

  const ok = (fields: JsonObject) => ({ json: { ...commonFields(identity), ...fields } })
  const of = (path: string, key: string, value: (call: ApiCall) => Json): ApiEndpoint => ({
    path,
    reply: (call) => Effect.sync(() => ok({ [key]: value(call) }))
  })
  const sampled = (name: string, data: (sample: SystemSample) => JsonObject) =>
    of(`/api/v1/${name}`, "data", () => data(statistics.system()))

  const processFacts = (nowMillis: number): ProcessFacts => ({
    nowMillis,
    startedAt: statistics.startedAt,
    pid: identity.pid,
    ppid: process.ppid,
    argv: process.argv.join(" "),
    cwd: process.cwd(),
    connections: sessions.all().size,
    traffic: statistics.traffic(),
    overload: overload.level()
  })
  const summaries: ApiEndpoint = {
    path: "/api/v1/summaries",
    reply: (call) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const data = summariesData(statistics.system(), processFacts(now))
        return ok(withDetails(call, { data }, () => serverDetails(statistics.rates())))
      })
  }
  const requests = (path: string): ApiEndpoint => ({
    path,
    reply: (call) => Effect.map(Clock.currentTimeMillis, (now) => ok({ data: requestData(call, now) }))
  })

  const endpoints: ReadonlyArray<ApiEndpoint> = [
    { ...of("/", "urls", () => fixed.rootUrls), listener: "api alone" },
    { ...of("/api/", "urls", () => fixed.apiUrls), listener: "api alone" },
    { ...of("/api/v1/", "urls", () => fixed.v1Urls), listener: "api alone" },
    { ...of("/api/v1/versions", "data", () => fixed.versionsData), listener: "any" },
    of("/api/v1/authors", "data", () => fixed.authorsData),
    of("/api/v1/features", "data", () => fixed.featuresData),
    summaries,
    sampled("rusages", rusagesData),
    sampled("self_proc_stats", selfStatData),
    sampled("system_proc_stats", cpuStatData),
    sampled("meminfos", meminfosData),
    requests("/api/v1/requests"),
    requests("/api/v1/tests/requests"),
    { path: "/api/v1/tests/errors", reply: () => Effect.succeed({ json: { code: testError } }) },
    {
      path: "/api/v1/tests/redirects",
      reply: () => Effect.succeed({ status: 301, headers: [["Location", "/api/v1/tests/errors"]], body: "" })
    }
  ]
  return endpoints
})
