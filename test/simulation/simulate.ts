/**
 * A seeded simulation: hours of virtual time of the real server in memory, with random publishers and viewers and what
 * happens to them, and invariants that are looked at after each step. The same seed gives the same run.
 */
import { createHash } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { maxFlushBytes } from "../../src/domain/media/Projection.ts"
import type { SourceLog } from "../../src/domain/media/SourceLog.ts"
import * as RtmpClientLayer from "../../src/layers/rtmp/RtmpClient.ts"
import { RtmpClient } from "../../src/services/RtmpClient.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Settings } from "../../src/services/Settings.ts"
import { SourceRegistry } from "../../src/services/SourceRegistry.ts"
import { Transport } from "../../src/services/Transport.ts"
import { countFibers } from "../support/fibers.ts"
import { makeNetwork, type Network } from "./network.ts"
import type { Plant } from "./plants.ts"
import { type Chance, chanceOf } from "./random.ts"
import { SimulatedPublisher } from "./SimulatedPublisher.ts"
import { SimulatedViewer } from "./SimulatedViewer.ts"
import {
  configurationVersions,
  EditedConfiguration,
  forwarded,
  gopCached,
  published,
  serverLayer,
  viewed
} from "./world.ts"
import { Witness } from "./Witness.ts"

export interface SimulationOptions {
  readonly seed: number
  readonly hours: number
  readonly plant?: Plant | undefined
}

export interface Report {
  readonly steps: number
  readonly publishers: number
  readonly viewers: number
  readonly framesAppended: number
  /** Of these, what the server forwarded to itself. */
  readonly framesForwarded: number
  readonly framesDelivered: number
  /** Groups of pictures that slow or paused viewers did not get. */
  readonly gaps: number
  readonly kicks: number
  /** Configurations that were read again, those that were refused too. */
  readonly reloads: number
  /** Of all that happened, in order. */
  readonly digest: string
}

export class SimulationFailed extends Data.TaggedError("SimulationFailed")<{
  readonly seed: number
  readonly violations: ReadonlyArray<string>
}> {
  override get message() {
    const shown = this.violations.slice(0, 10).join("\n  ")
    return `seed ${this.seed} (bun run test/simulation/run.ts --seed ${this.seed}):\n  ${shown}`
  }
}

const maxPublishers = 5
const maxViewers = 14
/** Control messages beside the one flush that is under way. */
const maxControlBytes = 65_536
/** A viewer whom nothing holds has the newest keyframe after two periods of the slowest pace, and a step. */
const patienceMillis = 2500
/** Longer than any timeout of the server. */
const settleMillis = 200_000

class Simulation {
  readonly #chance: Chance
  readonly #network: Network
  readonly #witness: Witness
  readonly #client: RtmpClient["Service"]
  readonly #sessions: Sessions["Service"]
  readonly #registry: SourceRegistry["Service"]
  readonly #settings: Settings["Service"]
  readonly #configuration: EditedConfiguration
  readonly #now: () => number
  readonly #publishers = new Set<SimulatedPublisher>()
  readonly #viewers = new Set<SimulatedViewer>()
  /** Where each log ended when it kept little that was too old. */
  readonly #trimmedAt = new Map<string, number>()
  readonly #digest = createHash("sha1")
  readonly report = { steps: 0, publishers: 0, viewers: 0, framesDelivered: 0, gaps: 0, kicks: 0, reloads: 0 }

  constructor(
    chance: Chance,
    network: Network,
    witness: Witness,
    client: RtmpClient["Service"],
    services: Context.Context<Sessions | SourceRegistry | Settings>,
    configuration: EditedConfiguration,
    now: () => number
  ) {
    this.#chance = chance
    this.#network = network
    this.#witness = witness
    this.#client = client
    this.#sessions = Context.get(services, Sessions)
    this.#registry = Context.get(services, SourceRegistry)
    this.#settings = Context.get(services, Settings)
    this.#configuration = configuration
    this.#now = now
  }

  get digest(): string {
    return this.#digest.digest("hex")
  }

  readonly step = Effect.gen({ self: this }, function* () {
    yield* TestClock.adjust(this.#chance.oneIn(30) ? this.#chance.between(1000, 20_000) : this.#chance.between(1, 600))
    for (const publisher of this.#publishers) publisher.send(this.#now())
    yield* this.#act()
    yield* TestClock.adjust(0)
    yield* this.#reap()
    this.#check()
    this.report.steps++
  })

  /** Everybody leaves; what can wait for a timeout gets it. */
  readonly settle = Effect.gen({ self: this }, function* () {
    for (const { close } of [...this.#publishers, ...this.#viewers]) yield* close
    yield* TestClock.adjust(settleMillis)
    yield* this.#reap()
    const left = [...this.#registry.all()].map(({ key }) => key)
    const sessions = this.#sessions.all().size
    if (left.length > 0) this.#witness.breach(`sources ${left.join(", ")} are left`)
    if (sessions > 0) this.#witness.breach(`${sessions} sessions are left`)
    if (this.#network.accepted.size > 0) this.#witness.breach(`${this.#network.accepted.size} connections are left`)
  })

  #note(text: string): void {
    if (process.env["TRACE"] !== undefined) console.log(`${this.#now()} ${text}`)
    this.#digest.update(`${this.#now()} ${text}\n`)
  }

  readonly #act = Effect.fnUntraced({ self: this }, function* () {
    const chance = this.#chance
    if (chance.oneIn(4)) return
    const publisher = chance.pick([...this.#publishers, undefined])
    const viewer = chance.pick([...this.#viewers, undefined])
    switch (chance.below(20)) {
      case 0:
      case 1:
        return this.#publishers.size < maxPublishers ? yield* this.#publish() : undefined
      case 2:
      case 3:
      case 4:
        return this.#viewers.size < maxViewers ? yield* this.#view() : undefined
      case 5:
        return chance.oneIn(4) ? yield* publisher?.close ?? Effect.void : undefined
      case 6:
        return chance.oneIn(4) ? publisher?.connection?.close("reset") : undefined
      case 7:
        if (publisher !== undefined && chance.oneIn(4)) publisher.silent = !publisher.silent
        return
      case 8:
        return publisher?.jumpClock()
      case 9:
        return chance.oneIn(2) ? yield* viewer?.close ?? Effect.void : undefined
      case 10:
        return chance.oneIn(3) ? viewer?.connection?.close("reset") : undefined
      case 11:
      case 12:
        return this.#stall(viewer)
      case 13:
      case 14:
        return this.#pause(viewer)
      case 15:
        return chance.oneIn(6) ? yield* this.#kick() : undefined
      case 16:
        return chance.oneIn(6) ? yield* this.#reload() : undefined
    }
  })

  readonly #publish = Effect.fnUntraced({ self: this }, function* () {
    const publisher = new SimulatedPublisher(++this.report.publishers, this.#chance.pick(published), this.#chance)
    this.#note(`publish ${publisher.stream}`)
    this.#publishers.add(publisher)
    yield* publisher.start(this.#client, `rtmp://${publisher.stream}`)
  })

  readonly #view = Effect.fnUntraced({ self: this }, function* () {
    const stream = this.#chance.pick(viewed)
    const protocol = this.#chance.pick(["rtmp", "http"] as const)
    const source = () => this.#registry.find(stream.replace("default.test", ""))
    const viewer = new SimulatedViewer(++this.report.viewers, protocol, stream, this.#witness, source)
    viewer.freeSince = this.#now()
    this.#note(`view ${protocol} ${stream}`)
    this.#viewers.add(viewer)
    yield* viewer.start(this.#client, this.#network.client, new URL(`rtmp://${stream}`))
  })

  #stall(viewer: SimulatedViewer | undefined): void {
    if (viewer?.connection === undefined || viewer.ended) return
    viewer.stalled = !viewer.stalled
    viewer.freeSince = this.#now()
    this.#note(`viewer ${viewer.number} ${viewer.stalled ? "stalls" : "goes on"}`)
    viewer.connection.stall(viewer.stalled)
  }

  #pause(viewer: SimulatedViewer | undefined): void {
    if (viewer?.canPause !== true) return
    viewer.freeSince = this.#now()
    this.#note(`viewer ${viewer.number} ${viewer.paused ? "resumes" : "pauses"}`)
    viewer.pause(!viewer.paused)
  }

  readonly #kick = Effect.fnUntraced({ self: this }, function* () {
    const ids = [...this.#sessions.all().keys()]
    if (ids.length === 0) return
    this.report.kicks++
    yield* this.#sessions.kick(this.#chance.pick(ids), "the simulation")
  })

  readonly #reload = Effect.fnUntraced({ self: this }, function* () {
    this.report.reloads++
    this.#configuration.edit(this.#chance.below(configurationVersions))
    const exit = yield* Effect.exit(this.#settings.reload)
    this.#note(Exit.isSuccess(exit) ? "reload" : "reload refused")
  })

  readonly #reap = Effect.fnUntraced({ self: this }, function* () {
    for (const publisher of this.#publishers) {
      if (!publisher.ended) continue
      this.#note(`publisher ${publisher.number} ended`)
      this.#publishers.delete(publisher)
      yield* publisher.close
    }
    for (const viewer of this.#viewers) {
      if (!viewer.ended) continue
      this.#note(`viewer ${viewer.number} ended with ${viewer.frames} frames`)
      this.#viewers.delete(viewer)
      this.report.framesDelivered += viewer.frames
      this.report.gaps += viewer.gaps
      yield* viewer.close
    }
  })

  #check(): void {
    const sources = [...this.#registry.all()]
    for (const { key, log, publisher } of sources) {
      const holder = publisher()?.sessionId
      if (holder !== undefined && !this.#sessions.all().has(holder)) {
        this.#witness.breach(`${key} is held by session ${holder}, which is gone`)
      }
      const kept = tooOld(log)
      if (kept <= trimInterval) this.#trimmedAt.set(key, log.end)
      else if (log.end - (this.#trimmedAt.get(key) ?? 0) > 2 * trimInterval) {
        this.#witness.breach(`the log of ${key} keeps ${kept} frames that nobody may need`)
      }
    }
    this.#witness.forget(sources)
    for (const connection of this.#network.accepted) {
      const queued = connection.queuedBytes()
      if (queued > maxFlushBytes + maxControlBytes) this.#witness.breach(`${queued} bytes wait for ${connection.peer}`)
    }
    for (const viewer of this.#viewers) this.#checkProgress(viewer)
  }

  #checkProgress({ connection, ended, freeSince, last, number, paused, stalled, stream }: SimulatedViewer): void {
    if (ended || paused || stalled || connection?.isClosed !== false || last === undefined) return
    const source = this.#registry.find(stream.replace("default.test", ""))
    const keyframe = source === undefined ? undefined : this.#witness.newestKeyframe(source)
    if (source === undefined || keyframe === undefined || keyframe.index <= last.index) return
    // What a publisher that has gone sent while this viewer was held is not for it, nor what is not kept for newcomers.
    const { beginning, newestEntry, timeline } = source.log
    if (beginning === undefined || keyframe.index < beginning.index) return
    // A viewer that fell behind waits for the next one where the newest is too old.
    if (timeline.latest - keyframe.timestamp > queueMillis) return
    if ((!gopCached(stream) || newestEntry?.index !== keyframe.index) && keyframe.atMillis <= freeSince) return
    const waiting = this.#now() - Math.max(keyframe.atMillis, freeSince)
    if (waiting > patienceMillis) {
      this.#witness.breach(`viewer ${number} of ${stream} waits for frame ${keyframe.index} for ${waiting} ms`)
    }
  }
}

/** As the world's configuration has it. */
const queueMillis = 10_000
/** A log forgets once in so many frames. */
const trimInterval = 64

/** Frames before the newest keyframe that are older than the queue of a viewer may be. */
const tooOld = (log: SourceLog): number => {
  const oldest = log.timeline.latest - queueMillis
  const end = Math.min(log.newestEntry?.index ?? log.end, log.end)
  let index = log.first
  while (index < end && log.at(index).timestamp < oldest) index++
  return index - log.first
}

/** Our own bugs end sessions and loops; the log tells. */
const defects = (witness: Witness) =>
  Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    if (logLevel === "Error" || logLevel === "Fatal") witness.breach(`${String(message)}: ${Cause.pretty(cause)}`)
  })

const build = Effect.fnUntraced(function* (options: SimulationOptions) {
  const chance = chanceOf(options.seed)
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const network = makeNetwork(chance)
  const witness = new Witness(now, chance.below)
  const configuration = new EditedConfiguration()
  const server = serverLayer(network.server, witness, configuration, options.plant)
  const services = yield* Layer.build(Layer.provide(server, Logger.layer([defects(witness)])))
  const clients = yield* Layer.build(
    RtmpClientLayer.layer.pipe(Layer.provide(Layer.succeed(Transport, network.client)))
  )
  const simulation = new Simulation(
    chance,
    network,
    witness,
    Context.get(clients, RtmpClient),
    services,
    configuration,
    now
  )
  return { network, now, simulation, witness }
})

/** Runs in virtual time of its own. Fails with all that was found in the step in which something was found. */
export const simulate = Effect.fnUntraced(function* (options: SimulationOptions) {
  const { counter, service } = countFibers()
  const { simulation, witness } = yield* live(options).pipe(
    Random.withSeed(options.seed),
    service,
    Effect.provide(Layer.fresh(TestClock.layer()))
  )
  if (witness.violations.length === 0 && counter.running !== 0) witness.breach(`${counter.running} fibers are left`)
  if (witness.violations.length > 0) {
    return yield* new SimulationFailed({ seed: options.seed, violations: witness.violations })
  }
  const report: Report = {
    ...simulation.report,
    framesAppended: witness.appended,
    framesForwarded: witness.appendedTo(forwarded),
    digest: simulation.digest
  }
  return report
})

/** From the start of the server to its end. */
const live = Effect.fnUntraced(function* (options: SimulationOptions) {
  const scope = yield* Scope.make()
  const { network, now, simulation, witness } = yield* Scope.provide(build(options), scope)
  const end = now() + options.hours * 3_600_000
  while (now() < end && witness.violations.length === 0) yield* simulation.step
  if (witness.violations.length === 0) yield* simulation.settle
  yield* Scope.close(scope, Exit.void)
  yield* TestClock.adjust(0)
  const dial = network.client.connect({ host: "", port: 1935 }, { timeoutMillis: 1 })
  if (Exit.isSuccess(yield* Effect.exit(Effect.scoped(dial)))) witness.breach("the listener is left")
  return { simulation, witness }
})
