/**
 * What a test has made and must have given back: whoever makes a session, a source, a connection in memory, a fiber, a
 * timer or a socket within it, it is counted here without being asked to.
 */
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { MemoryConnection } from "../../src/layers/transport/Memory.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { SourceRegistry } from "../../src/services/SourceRegistry.ts"
import { countFibers } from "./fibers.ts"
import { networkSockets, socketsOf } from "./leftBehind.ts"

const sessions: Array<Sessions["Service"]> = []
const registries: Array<SourceRegistry["Service"]> = []
const connections: Array<MemoryConnection> = []
const timers = new Set<unknown>()

/** Services are made by `of`, by the house's style: it remembers them. */
const remember = <A>(tag: { of: (service: A) => A }, made: Array<A>): void => {
  const { of } = tag
  tag.of = (service) => {
    made.push(service)
    return of(service)
  }
}
remember(Sessions, sessions)
remember(SourceRegistry, registries)

const { pair } = MemoryConnection
MemoryConnection.pair = (...args) => {
  const ends = pair.apply(MemoryConnection, args)
  connections.push(...ends)
  return ends
}

/** Timers of the real clock that are under way. Those of no duration are the scheduler's. */
const countStarted = (name: "setTimeout" | "setInterval"): void => {
  const counted = new Proxy(globalThis[name], {
    apply(begin, self, [callback, millis, ...rest]: [(...values: Array<unknown>) => void, number, ...Array<unknown>]) {
      const run = (...values: Array<unknown>): void => {
        if (name === "setTimeout") timers.delete(timer)
        callback(...values)
      }
      const timer: unknown = Reflect.apply(begin, self, [run, millis, ...rest])
      if (millis > 0) timers.add(timer)
      return timer
    }
  })
  Object.assign(globalThis, { [name]: counted })
}
const countStopped = (name: "clearTimeout" | "clearInterval"): void => {
  globalThis[name] = new Proxy(globalThis[name], {
    apply(end, self, [timer]: [unknown]) {
      timers.delete(timer)
      Reflect.apply(end, self, [timer])
    }
  })
}
for (const name of ["setTimeout", "setInterval"] as const) countStarted(name)
for (const name of ["clearTimeout", "clearInterval"] as const) countStopped(name)

const held = (registry: SourceRegistry["Service"]): number =>
  [...registry.all()].filter((source) => source.publisher() !== undefined || source.isRead()).length

const sum = <A>(all: ReadonlyArray<A>, count: (each: A) => number): number =>
  all.reduce((total, each) => total + count(each), 0)

/** Longer than any timeout of the server. */
const longMillis = 400_000

type Counts = ReadonlyMap<string, () => number>

/**
 * The clients in memory leave, and every timeout passes, while what serves them still runs: it must have let go of them
 * by itself, before its own end would release everything.
 */
export const afterClients: Effect.Effect<Counts, never, TestClock.TestClock> = Effect.gen(function* () {
  const addresses = new Set(connections.map(({ peer }) => peer))
  for (const end of connections.filter(({ localPort }) => localPort === 0)) end.close("peer closed")
  yield* TestClock.adjust(longMillis)
  const ofThem = (all: Sessions["Service"]) => [...all.all().values()].filter(({ address }) => addresses.has(address))
  return new Map([["sessions of clients that left", () => sum(sessions, (each) => ofThem(each).length)]])
})

/** Runs the effect, whose scope closes within it, and names what it has left behind. */
export const census = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<Counts, E, R> =>
  Effect.suspend(() => {
    for (const made of [sessions, registries, connections]) made.length = 0
    const timersBefore = timers.size
    const socketsBefore = socketsOf(process.pid)
    const newSockets = () => [...socketsOf(process.pid)].filter((inode) => !socketsBefore.has(inode))
    const { counter, service } = countFibers()
    const counts: Counts = new Map([
      ["sessions", () => sum(sessions, (each) => each.all().size)],
      ["sources", () => sum(registries, held)],
      ["connections", () => sum(connections, ({ isClosed }) => (isClosed ? 0 : 1))],
      ["fibers", () => counter.running],
      ["timers", () => timers.size - timersBefore],
      ["sockets", () => networkSockets(process.pid, newSockets()).length]
    ])
    // What was interrupted with the scope may need its turn to end.
    return self.pipe(service, Effect.andThen(Effect.yieldNow), Effect.as(counts))
  })
