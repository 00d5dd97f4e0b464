import { expect } from "bun:test"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { Inbox } from "../../../src/layers/transport/Inbox.ts"
import { maxUnreadBytes, type Reader } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"

const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)

const harness = () => {
  const flows: Array<boolean> = []
  const inbox = new Inbox({
    flow: (open) => {
      flows.push(open)
      // A sender in memory goes on inside the call.
      if (open) later.splice(0).forEach((more) => inbox.arrived(more))
    }
  })
  const later: Array<Uint8Array> = []
  return { inbox, flows, later }
}

effect("a read gets all that has arrived, what was given back first, and waits for nothing else", () =>
  Effect.gen(function* () {
    const { inbox } = harness()
    inbox.arrived(bytes(2))
    inbox.arrived(bytes(3, 4))
    inbox.unread(bytes(1))
    inbox.unread(bytes())
    expect(yield* inbox.read).toEqual(bytes(1, 2, 3, 4))
    const reading = yield* Effect.forkChild(inbox.read)
    yield* TestClock.adjust(0)
    inbox.arrived(bytes(5))
    expect(yield* Fiber.join(reading)).toEqual(bytes(5))
    expect(inbox.bytesIn).toBe(4)
  })
)

effect("what came before the close is still read, then the close", () =>
  Effect.gen(function* () {
    const { inbox } = harness()
    inbox.arrived(bytes(1))
    inbox.close("gone")
    inbox.close("again")
    expect(yield* inbox.read).toEqual(bytes(1))
    expect((yield* Effect.flip(inbox.read)).reason).toBe("gone")
    expect((yield* Effect.flip(inbox.readWhile(() => true))).reason).toBe("gone")
    yield* inbox.closed
  })
)

effect("a waiting reader learns of the close, one that was interrupted leaves the bytes to the next", () =>
  Effect.gen(function* () {
    const { inbox } = harness()
    const first = yield* Effect.forkChild(inbox.read)
    yield* TestClock.adjust(0)
    yield* Fiber.interrupt(first)
    inbox.arrived(bytes(1))
    expect(yield* inbox.read).toEqual(bytes(1))
    const second = yield* Effect.forkChild(Effect.flip(inbox.read))
    const watcher = yield* Effect.forkChild(inbox.closed)
    yield* TestClock.adjust(0)
    inbox.close("gone")
    expect((yield* Fiber.join(second)).reason).toBe("gone")
    yield* Fiber.join(watcher)
  })
)

effect("the sender is stopped above the limit and goes on after a read", () =>
  Effect.gen(function* () {
    const { flows, inbox } = harness()
    inbox.arrived(new Uint8Array(maxUnreadBytes))
    expect(flows).toEqual([])
    inbox.arrived(bytes(1))
    inbox.arrived(bytes(2))
    expect(flows).toEqual([false])
    expect((yield* inbox.read).length).toBe(maxUnreadBytes + 2)
    expect(flows).toEqual([false, true])
  })
)

effect("readWhile calls with what waits and with what comes, in order, until it is told to stop", () =>
  Effect.gen(function* () {
    const { inbox, later } = harness()
    inbox.arrived(new Uint8Array(maxUnreadBytes + 1).fill(1))
    // The sender goes on as soon as the inbox is emptied, before what was in it has been handled.
    later.push(bytes(2), bytes(3))
    const seen: Array<number> = []
    const reading = yield* Effect.forkChild(
      inbox.readWhile((all) => {
        seen.push(all[0])
        return all[0] < 4
      })
    )
    yield* TestClock.adjust(0)
    inbox.arrived(bytes(4))
    inbox.arrived(bytes(5))
    yield* Fiber.join(reading)
    expect([seen[0], seen.at(-1)]).toEqual([1, 4])
    expect(seen.toSorted()).toEqual(seen)
    expect(yield* inbox.read).toEqual(bytes(5))
  })
)

effect("what a reader throws is its own defect, not the socket's", () =>
  Effect.gen(function* () {
    const { inbox } = harness()
    const reading = yield* Effect.forkChild(
      Effect.exit(
        inbox.readWhile(() => {
          throw new Error("a bug")
        })
      )
    )
    yield* TestClock.adjust(0)
    inbox.arrived(bytes(1))
    expect((yield* Fiber.join(reading))._tag).toBe("Failure")
  })
)

effect("bytes that are lent are copied unless the reader keeps nothing", () =>
  Effect.gen(function* () {
    const inbox = new Inbox({ flow: () => undefined })
    const lent = Uint8Array.of(1, 2)
    const arrive = (first: number): void => {
      lent[0] = first
      inbox.arrived(lent, true)
    }
    arrive(1)
    const waited = yield* inbox.read
    const reading = yield* Effect.forkChild(inbox.read, { startImmediately: true })
    arrive(3)
    const read = yield* Fiber.join(reading)
    const seen: Array<Uint8Array> = []
    yield* Effect.forkChild(
      inbox.readWhile((bytes) => seen.push(bytes) < 1),
      { startImmediately: true }
    )
    arrive(5)
    expect([waited, read]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 2)])
    expect(seen[0]).toBe(lent)
  })
)

effect(
  "a reader without a fiber takes what waits and what comes, until it has enough, throws or nothing more comes",
  () =>
    Effect.sync(() => {
      const { inbox } = harness()
      const seen: Array<number> = []
      const ends: Array<string> = []
      const reader = (take: (first: number) => boolean): Reader => ({
        take: (all) => {
          seen.push(all[0]!)
          return take(all[0]!)
        },
        ended: (exit) => {
          ends.push(exit._tag === "Success" ? "enough" : Cause.pretty(exit.cause).split("\n")[0]!)
          // Who reads next may begin inside this call.
          if (exit._tag === "Success") inbox.readBy(reader(() => true))
        }
      })
      inbox.arrived(bytes(1))
      inbox.readBy(reader((first) => first < 2))
      inbox.arrived(bytes(2))
      inbox.arrived(bytes(3))
      expect([seen, ends]).toEqual([[1, 2, 3], ["enough"]])
      inbox.close("gone")
      expect(ends.length).toBe(2)
      expect(ends[1]).toContain("connection closed: gone")

      const other = harness().inbox
      other.readBy({
        take: () => {
          throw new Error("bug")
        },
        ended: (exit) => ends.push(exit._tag)
      })
      other.arrived(bytes(1))
      // It reads no more.
      other.arrived(bytes(2))
      expect(ends.slice(2)).toEqual(["Failure"])
    })
)
