import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { attached, type Idle, type Phase, runPhases, type Waiter } from "../../../src/layers/telemetry/phases.ts"
import { CurrentSession, openSession } from "../../../src/layers/telemetry/session.ts"
import type { Kickable } from "../../../src/services/Sessions.ts"
import { ConnectionClosed, type Detached } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"
import { kick } from "./kick.ts"
import { makeRecorder } from "./recorder.ts"

const fields = { "session.id": "12a45b78", "client.address": "192.0.2.7:4711", "network.protocol.name": "rtmp" }

type Needs = Scope.Scope | CurrentSession

/** Waits until the test says how it goes on. */
class Station implements Idle<unknown, Needs> {
  waiter: Waiter<unknown, Needs> | undefined
  cancelled = 0

  wait(waiter: Waiter<unknown, Needs>): void {
    this.waiter = waiter
  }

  cancel(): void {
    this.cancelled++
  }

  goOn(next: Phase<unknown, Needs>) {
    this.waiter?.goOn(next)
    return TestClock.adjust(0)
  }
}

const begin = Effect.fnUntraced(function* (first: Phase<unknown, Needs>) {
  const recorder = makeRecorder()
  const kickable: Kickable = { kicked: undefined }
  let released = 0
  const whole = Effect.acquireRelease(Effect.void, () => Effect.sync(() => released++)).pipe(Effect.andThen(first))
  const detached: Detached = yield* runPhases<unknown, Needs>(
    Effect.map(openSession(fields, { kickable }), (running) => ({ running, first: whole }))
  ).pipe(recorder.provide)
  let ends = 0
  detached.onEnd(() => ends++)
  yield* TestClock.adjust(0)
  const ended = () => ({
    ends,
    released,
    end: recorder.spans[0]!.attributes.get("session.end"),
    said: recorder.lines.map(({ message }) => message)
  })
  return { detached, ended, kick: kick(kickable, "enough"), recorder }
})

const opened = ["session opened"]
const over = (end: string) => ({ ends: 1, released: 1, end, said: ["session opened", "session closed"] })

effect("goes from phase to phase in one scope, one span and one pair of lines", () =>
  Effect.gen(function* () {
    const station = new Station()
    const { ended, recorder } = yield* begin(Effect.succeed(station))
    expect(ended()).toEqual({ ends: 0, released: 0, end: undefined, said: opened })
    const annotate = Effect.map(CurrentSession, (session) => session.annotate({ "stream.name": "live/a" }))
    yield* station.goOn(Effect.as(annotate, station))
    expect(ended().ends).toBe(0)
    yield* station.goOn(Effect.void)
    expect(ended()).toEqual(over("closed"))
    expect(recorder.spans.length).toBe(1)
    expect(recorder.spans[0]!.attributes.get("stream.name")).toBe("live/a")
  })
)

effect("a phase that fails ends it, and a peer that leaves is an ordinary end", () =>
  Effect.gen(function* () {
    const station = new Station()
    const { ended } = yield* begin(Effect.succeed(station))
    yield* station.goOn(Effect.fail(new ConnectionClosed({ reason: "reset" })))
    expect(ended()).toEqual(over("closed"))
    const other = new Station()
    const failing = yield* begin(Effect.succeed(other))
    yield* other.goOn(Effect.die(new Error("bug")))
    expect(failing.ended()).toEqual({ ...over("failed"), said: ["session opened", "session failed"] })
  })
)

effect("a kick ends it while it waits, and nothing goes on after that", () =>
  Effect.gen(function* () {
    const station = new Station()
    const { ended, kick } = yield* begin(Effect.succeed(station))
    yield* kick
    yield* TestClock.adjust(0)
    expect(ended()).toEqual(over("kicked"))
    expect(station.cancelled).toBe(1)
    let went = false
    yield* station.goOn(Effect.sync(() => void (went = true)))
    expect([went, ended().ends]).toEqual([false, 1])
  })
)

effect("a kick ends it in the middle of a phase", () =>
  Effect.gen(function* () {
    const { ended, kick } = yield* begin(Effect.never)
    yield* kick
    yield* TestClock.adjust(0)
    expect(ended()).toEqual(over("kicked"))
  })
)

effect("an interruption ends it, waiting or not, and who has ended it waits for what its scope holds", () =>
  Effect.gen(function* () {
    for (const phase of [Effect.succeed(new Station()), Effect.never]) {
      const { detached, ended } = yield* begin(phase)
      detached.interrupt()
      detached.interrupt()
      yield* TestClock.adjust(0)
      expect(ended()).toEqual(over("shutdown"))
    }
  })
)

effect("who is attached to it lasts as long, and ends it when interrupted", () =>
  Effect.gen(function* () {
    const station = new Station()
    const { detached, ended } = yield* begin(Effect.succeed(station))
    const scope = yield* Scope.make()
    yield* Effect.forkIn(attached(Effect.succeed(detached)), scope)
    yield* TestClock.adjust(0)
    yield* Scope.close(scope, Exit.void)
    expect(ended()).toMatchObject({ released: 1, end: "shutdown" })
    expect(station.cancelled).toBe(1)
  })
)

effect("one that does not begin has ended at once", () =>
  Effect.gen(function* () {
    const detached = yield* runPhases<never, never>(Effect.undefined)
    let ends = 0
    detached.onEnd(() => ends++)
    expect(ends).toBe(1)
  })
)
