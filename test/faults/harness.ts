/** The whole server in memory, with publishers and viewers that check what they get, and counts that must end at zero. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as RtmpClientLayer from "../../src/layers/rtmp/RtmpClient.ts"
import type { MemoryConnection } from "../../src/layers/transport/Memory.ts"
import { RtmpClient } from "../../src/services/RtmpClient.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { SourceRegistry } from "../../src/services/SourceRegistry.ts"
import { Transport } from "../../src/services/Transport.ts"
import { countFibers } from "../support/fibers.ts"
import { makeNetwork } from "../simulation/network.ts"
import type { Plant } from "../simulation/plants.ts"
import type { Chance } from "../simulation/random.ts"
import { SimulatedPublisher } from "../simulation/SimulatedPublisher.ts"
import { SimulatedViewer } from "../simulation/SimulatedViewer.ts"
import { EditedConfiguration, serverLayer } from "../simulation/world.ts"
import { Witness } from "../simulation/Witness.ts"

/** Nothing happens by chance: whole writes, decisions at once and with yes, the middle of everything. */
const certain: Chance = {
  below: (below) => below - 1,
  oneIn: () => false,
  between: (least, most) => Math.round((least + most) / 2),
  pick: (items) => items[0]
}
const yes = (below: number): number => (below === 3 ? 0 : below - 1)

/** Longer than any timeout of the server. */
const longMillis = 400_000

export interface Told {
  /** Level and message. */
  readonly event: string
  readonly error: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface World {
  readonly connect: (port: number) => Effect.Effect<MemoryConnection, never, Scope.Scope>
  readonly publish: (stream: string) => Effect.Effect<SimulatedPublisher>
  readonly view: (protocol: "rtmp" | "http", stream: string) => Effect.Effect<SimulatedViewer>
  /** All publishers send what is due once in a tenth of a second, for so long. */
  readonly run: (millis: number) => Effect.Effect<void, never, TestClock.TestClock>
  readonly sessions: Sessions["Service"]
  readonly registry: SourceRegistry["Service"]
  readonly witness: Witness
  /** The server's warnings and errors. */
  readonly log: ReadonlyArray<Told>
}

const make = Effect.fnUntraced(function* (plant: Plant | undefined, scope: Scope.Scope) {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const network = makeNetwork(certain)
  const witness = new Witness(now, yes)
  const log: Array<Told> = []
  const logger = Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    if (logLevel !== "Warn" && logLevel !== "Error" && logLevel !== "Fatal") return
    const [error] = Cause.prettyErrors(cause)
    const facts = fiber.getRef(References.CurrentLogAnnotations)
    log.push({ event: `${logLevel} ${String(message)}`, error: error?.message ?? "", facts })
  })
  const server = serverLayer(network.server, witness, new EditedConfiguration(), plant).pipe(
    Layer.provide(Logger.layer([logger]))
  )
  const services = yield* Scope.provide(Layer.build(server), scope)
  const clients = RtmpClientLayer.layer.pipe(Layer.provide(Layer.succeed(Transport, network.client)))
  const client = Context.get(yield* Scope.provide(Layer.build(clients), scope), RtmpClient)
  const registry = Context.get(services, SourceRegistry)
  const publishers: Array<SimulatedPublisher> = []
  const viewers: Array<SimulatedViewer> = []
  const world: World = {
    log,
    witness,
    registry,
    sessions: Context.get(services, Sessions),
    connect: (port) =>
      Effect.map(
        Effect.orDie(network.client.connect({ host: "", port }, { timeoutMillis: 1000 })),
        (connection) => connection as MemoryConnection
      ),
    publish: Effect.fnUntraced(function* (stream) {
      const publisher = new SimulatedPublisher(publishers.length + 1, stream, certain)
      publishers.push(publisher)
      yield* publisher.start(client, `rtmp://${stream}`)
      return publisher
    }),
    view: Effect.fnUntraced(function* (protocol, stream) {
      const source = () => registry.find(stream.replace("default.test", ""))
      const viewer = new SimulatedViewer(viewers.length + 1, protocol, stream, witness, source)
      viewers.push(viewer)
      yield* viewer.start(client, network.client, new URL(`rtmp://${stream}`))
      return viewer
    }),
    run: Effect.fnUntraced(function* (millis) {
      for (const end = now() + millis; now() < end;) {
        yield* TestClock.adjust(100)
        for (const publisher of publishers) publisher.send(now())
      }
      yield* TestClock.adjust(0)
    })
  }
  const leave = Effect.suspend(() =>
    Effect.forEach([...publishers, ...viewers], ({ close }) => close, { discard: true })
  )
  return { leave, network, world }
})

/**
 * Runs the test in a world of its own, then lets everybody leave and every timeout pass. Fails if anything is left, or if
 * a viewer got what it must not.
 */
export const inWorld = <E, R>(
  body: (world: World) => Effect.Effect<void, E, R>,
  plant?: Plant
): Effect.Effect<void, E, R | TestClock.TestClock> => {
  const { counter, service } = countFibers()
  return Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { leave, network, world } = yield* make(plant, scope)
    yield* body(world)
    yield* leave
    yield* TestClock.adjust(longMillis)
    const left = {
      sessions: world.sessions.all().size,
      sources: [...world.registry.all()].length,
      connections: network.accepted.size
    }
    yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust(0)
    if (left.sessions + left.sources + left.connections > 0) throw new Error(`left behind: ${JSON.stringify(left)}`)
    if (world.witness.violations.length > 0) throw new Error(world.witness.violations.join("\n"))
  }).pipe(
    service,
    Effect.andThen(
      Effect.sync(() => {
        // The fiber of the test itself is one of those counted from outside.
        if (counter.running > 0) throw new Error(`${counter.running} fibers are left`)
      })
    )
  ) as Effect.Effect<void, E, R | TestClock.TestClock>
}
