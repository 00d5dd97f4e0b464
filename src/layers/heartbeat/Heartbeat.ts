/** `heartbeat`: tells a manager, again and again, that this server is there. The first time after one interval (SRS). */
import * as os from "node:os"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import { summariesData } from "../../domain/api/systemAnswers.ts"
import { statistics as statisticsTable } from "../../domain/config/directives/statistics.ts"
import type { GlobalSettings } from "../../domain/config/Settings.ts"
import { parseHookUrl } from "../../domain/hooks/HookUrl.ts"
import { encodeHookRequest } from "../../domain/hooks/request.ts"
import { heartbeatBody } from "../../domain/process/heartbeat.ts"
import { localAddresses } from "../../domain/process/localAddresses.ts"
import { HttpCalls, NoReply } from "../../services/HttpCalls.ts"
import { Overload } from "../../services/Overload.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { Statistics } from "../../services/Statistics.ts"
import { background } from "../telemetry/background.ts"

const ownAddress = (place: number): string => {
  const all = localAddresses(Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []))
  return all[place] ?? all[0] ?? ""
}

const portsOf = ({ httpApi, httpServer, listen }: GlobalSettings) => ({
  rtmp: listen,
  ...(httpServer.enabled ? { http: [httpServer.listen] } : {}),
  ...(httpApi.enabled ? { api: [httpApi.listen] } : {})
})

const report = Effect.gen(function* () {
  const http = yield* HttpCalls
  const identity = yield* ServerIdentity
  const overload = yield* Overload
  const random = yield* Random.Random
  const sessions = yield* Sessions
  const settings = yield* Settings
  const statistics = yield* Statistics

  const summaries = (nowMillis: number) =>
    summariesData(statistics.system(), {
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

  return Effect.gen(function* () {
    const { heartbeat, stats } = settings.of(statisticsTable)
    const now = yield* Clock.currentTimeMillis
    const body = heartbeatBody({
      ...identity,
      deviceId: heartbeat.deviceId,
      ip: heartbeat.deviceIp === "" ? ownAddress(stats.network) : heartbeat.deviceIp,
      summaries: heartbeat.summaries ? summaries(now) : undefined,
      ports: heartbeat.ports ? portsOf(settings.current()) : undefined
    })
    // SRS drops the query.
    const url = parseHookUrl(heartbeat.url.split("?", 1)[0])
    if (url === undefined) return yield* new NoReply({ reason: "it is no http or https URL" })
    const idempotencyKey = Array.from({ length: 32 }, () => Math.floor(random.nextDoubleUnsafe() * 16).toString(16))
    const facts = { body, traceparent: "", secret: "", timestamp: Math.floor(now / 1000) }
    yield* http.call(url, encodeHookRequest(url, { ...facts, idempotencyKey: idempotencyKey.join("") }), false)
  })
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const settings = yield* Settings
    const send = yield* report
    const changes = yield* Queue.sliding<void>(1)
    yield* settings.onChange(() => Effect.sync(() => void Queue.offerUnsafe(changes, undefined)))
    let isHeard = true

    /** Told once when it begins to fail, and once when it is over. */
    const heard = (now: boolean, reason: string) => {
      if (now === isHeard) return Effect.void
      isHeard = now
      const line = now ? Effect.logInfo("heartbeat is heard again") : Effect.logWarning("heartbeat is not heard")
      return line.pipe(Effect.annotateLogs({ "heartbeat.url": settings.of(statisticsTable).heartbeat.url, reason }))
    }
    const beat = Effect.matchEffect(send, {
      onSuccess: () => heard(true, ""),
      onFailure: ({ reason }) => heard(false, reason)
    })
    const loop = Effect.gen(function* () {
      const { heartbeat } = settings.of(statisticsTable)
      const waiting = heartbeat.enabled ? Effect.as(Effect.sleep(heartbeat.intervalMillis), true) : Effect.never
      // A changed configuration begins a new interval.
      if (yield* Effect.raceFirst(waiting, Effect.as(Queue.take(changes), false))) yield* beat
    })
    yield* background("heartbeat", { fatal: false })(Effect.forever(loop))
  })
)
