/**
 * Lines that tell how sessions go, at SRS's pace: for each kind of client one line a period, of the next client in turn,
 * so that the rate of lines does not grow with the number of clients. And the process itself, while somebody is there.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Session, Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { background } from "../telemetry/background.ts"

/** SRS looks at its own process this often. */
const healthMillis = 5000

/** The event of a client's line (`srsStages.ts`), or undefined while it does nothing. */
const eventOf = ({ protocol, role }: Session): string | undefined => {
  if (role === "") return undefined
  if (role === "publish") return "publish progress"
  return protocol === "rtmp" ? "play progress" : "http stream progress"
}

/** What a session had moved when it was last told of. */
interface Mark {
  readonly at: number
  readonly bytesIn: number
  readonly bytesOut: number
}

const kbps = (bytes: number, millis: number): number => (millis > 0 ? Math.round((bytes * 8) / millis) : 0)

const factsOf = (session: Session, since: Mark, now: Mark) => ({
  "session.id": session.id,
  "session.age_ms": now.at - session.openedAt,
  "media.messages": session.role === "publish" ? session.counters.framesIn : session.counters.framesOut,
  "rate.out_kbps": kbps(now.bytesOut - since.bytesOut, now.at - since.at),
  "rate.in_kbps": kbps(now.bytesIn - since.bytesIn, now.at - since.at)
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const settings = yield* Settings
    const marks = new Map<string, Mark>()

    /** Of each kind the client that has waited longest for its line. */
    const nextOfEachKind = (): Iterable<readonly [string, Session]> => {
      const next = new Map<string, Session>()
      const waits = (session: Session) => marks.get(session.id)?.at ?? session.openedAt
      for (const session of sessions.all().values()) {
        const event = eventOf(session)
        const other = event === undefined ? undefined : next.get(event)
        if (event !== undefined && (other === undefined || waits(session) < waits(other))) next.set(event, session)
      }
      return next
    }

    const tell = Effect.fnUntraced(function* (event: string, session: Session) {
      const { counters, id, openedAt } = session
      const now = { at: yield* Clock.currentTimeMillis, bytesIn: counters.bytesIn(), bytesOut: counters.bytesOut() }
      const since = marks.get(id) ?? { at: openedAt, bytesIn: 0, bytesOut: 0 }
      marks.set(id, now)
      yield* Effect.logInfo(event).pipe(Effect.annotateLogs(factsOf(session, since, now)))
    })

    const progress = Effect.gen(function* () {
      while (true) {
        yield* Effect.sleep(Math.max(100, settings.current().pithyPrintMillis))
        for (const id of marks.keys()) if (!sessions.all().has(id)) marks.delete(id)
        for (const [event, session] of nextOfEachKind()) yield* tell(event, session)
      }
    })

    const health = Effect.gen(function* () {
      let last = process.cpuUsage()
      while (true) {
        yield* Effect.sleep(healthMillis)
        const used = process.cpuUsage(last)
        last = process.cpuUsage()
        if (sessions.all().size === 0) continue
        const cpu = ((used.user + used.system) / (healthMillis * 10)).toFixed(2)
        const megabytes = Math.round(process.memoryUsage.rss() / 1_048_576)
        yield* Effect.logInfo(`Hybrid cpu=${cpu}%,${megabytes}MB, conns=${sessions.all().size}`)
      }
    })

    yield* background("progress lines", { fatal: false })(progress)
    yield* background("health lines", { fatal: false })(health)
  })
)
