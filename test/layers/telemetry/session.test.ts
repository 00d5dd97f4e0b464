import { expect } from "bun:test"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import {
  CurrentSession,
  makeSessionId,
  type Part,
  runSession,
  type SessionOptions
} from "../../../src/layers/telemetry/session.ts"
import { type Kickable, SessionKicked } from "../../../src/services/Sessions.ts"
import { ConnectionClosed } from "../../../src/services/Transport.ts"
import { StreamBusy } from "../../../src/services/SourceRegistry.ts"
import { effect } from "../../support/effect.ts"
import { kick } from "./kick.ts"
import { makeRecorder } from "./recorder.ts"

const fields = { "session.id": "12a45b78", "client.address": "192.0.2.7:4711", "network.protocol.name": "rtmp" }

class Silence extends Data.TaggedError("Silence")<{}> {
  readonly code = 1011
}

class Boom extends Error {}

/** Runs a session to its end and returns what was recorded of it. */
const record = <A, E>(
  session: Effect.Effect<A, E, Scope.Scope | CurrentSession>,
  options: SessionOptions = {},
  end: (fiber: Fiber.Fiber<void>) => Effect.Effect<unknown> = Fiber.await
) =>
  Effect.gen(function* () {
    const recorder = makeRecorder()
    const fiber = yield* session.pipe(runSession(fields, options), recorder.provide, Effect.forkChild)
    yield* TestClock.adjust(0)
    yield* end(fiber)
    yield* Fiber.await(fiber)
    const root = recorder.spans[0]!
    const exit = "exit" in root.status ? root.status.exit : undefined
    return { ...recorder, root, exit, last: recorder.lines.at(-1)!, end: root.attributes.get("session.end") }
  })

effect("a normal end is closed: the span succeeds, two lines frame the session", () =>
  Effect.gen(function* () {
    const { root, exit, lines, end, spans } = yield* record(
      Effect.withSpan(Effect.logDebug("between"), "rtmp.handshake")
    )
    expect(root.name).toBe("rtmp.session")
    expect(root.kind).toBe("server")
    expect(root.attributes.get("client.address")).toBe("192.0.2.7:4711")
    expect(exit).toEqual(Exit.void)
    expect(end).toBe("closed")
    expect(lines.map((line) => [line.level, line.message, line.annotations["session.id"]])).toEqual([
      ["Info", "session opened", "12a45b78"],
      ["Info", "session closed", "12a45b78"]
    ])
    expect(lines[1]!.annotations["session.end"]).toBe("closed")
    expect(spans[1]!.parent).toMatchObject({ value: { spanId: root.spanId } })
  })
)

effect("a failure carries SRS's error number and name in line and span", () =>
  Effect.gen(function* () {
    const { root, exit, last, end } = yield* record(Effect.fail(new StreamBusy({ stream: "live/a" })))
    expect(Exit.isFailure(exit!)).toBe(true)
    expect(end).toBe("failed")
    expect(root.attributes.get("error.code")).toBe(1028)
    expect(root.attributes.get("error.name")).toBe("StreamBusy")
    expect([last.level, last.message]).toEqual(["Warn", "session failed"])
    expect(last.annotations).toMatchObject({ "error.code": 1028, "error.name": "StreamBusy", "session.end": "failed" })
  })
)

effect("a defect is our fault and ends that session only", () =>
  Effect.gen(function* () {
    const { exit, last, end } = yield* record(Effect.die(new Boom("bug")))
    expect(Exit.isFailure(exit!)).toBe(true)
    expect([end, last.level, last.annotations["error.name"]]).toEqual(["failed", "Error", "Error"])
  })
)

effect("an error with the number of a timeout ends as timeout", () =>
  Effect.gen(function* () {
    const { last, end } = yield* record(Effect.fail(new Silence()))
    expect([end, last.annotations["error.name"]]).toEqual(["timeout", "SocketTimeout"])
  })
)

effect("a peer that leaves is an ordinary end, marked as the peer's", () =>
  Effect.gen(function* () {
    const { exit, last, end } = yield* record(Effect.fail(new ConnectionClosed({ reason: "reset" })))
    expect([end, Exit.isSuccess(exit!), last.message]).toEqual(["closed", true, "session closed"])
    expect(last.annotations["session.end_by"]).toBe("peer")
  })
)

effect("a kick interrupts the session wherever it waits, and says so", () =>
  Effect.gen(function* () {
    const kickable: Kickable = { kicked: undefined }
    let released = false
    const session = Effect.acquireRelease(Effect.void, () => Effect.sync(() => (released = true))).pipe(
      Effect.andThen(Effect.raceFirst(Effect.never, Effect.never))
    )
    const { root, exit, last, end } = yield* record(session, { kickable }, () => kick(kickable, "by the operator"))
    expect(end).toBe("kicked")
    expect(root.attributes.get("session.end_reason")).toBe("session ended: by the operator")
    expect(Exit.hasInterrupts(exit!)).toBe(true)
    expect([last.level, last.message, last.annotations["session.end"]]).toEqual(["Info", "session closed", "kicked"])
    expect(released).toBe(true)
  })
)

effect("a session kicked before it began does not begin", () =>
  Effect.gen(function* () {
    const kickable: Kickable = { kicked: new SessionKicked({ reason: "early" }) }
    let began = false
    const { end, lines } = yield* record(
      Effect.sync(() => (began = true)),
      { kickable }
    )
    expect([end, began, lines.length]).toEqual(["kicked", false, 2])
  })
)

effect("a kick after the end reaches nobody", () =>
  Effect.gen(function* () {
    const kickable: Kickable = { kicked: undefined }
    const { end } = yield* record(Effect.void, { kickable })
    expect(kickable.runner).toBeUndefined()
    expect(end).toBe("closed")
  })
)

effect("what a session consists of ends before its scope, with the session's exit", () =>
  Effect.gen(function* () {
    const ends: Array<string> = []
    const part: Part = { end: (exit) => Effect.sync(() => ends.push(`part ${exit._tag}`)) }
    const session = Effect.gen(function* () {
      const running = yield* CurrentSession
      running.consistsOf(part)
      yield* Effect.addFinalizer((exit) => Effect.sync(() => ends.push(`scope ${exit._tag}`)))
      return yield* Effect.fail(new Silence())
    })
    yield* record(session)
    expect(ends).toEqual(["part Failure", "scope Failure"])
  })
)

effect("a listener's scope that closes is a shutdown", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const recorder = makeRecorder()
    yield* Effect.never.pipe(runSession(fields), recorder.provide, Effect.forkIn(scope))
    yield* TestClock.adjust(0)
    yield* Scope.close(scope, Exit.void)
    expect(recorder.spans[0]!.attributes.get("session.end")).toBe("shutdown")
    expect(recorder.lines.at(-1)).toMatchObject({
      message: "session closed",
      annotations: { "session.end": "shutdown" }
    })
    expect(recorder.spans[0]!.status).toMatchObject({ _tag: "Ended" })
  })
)

effect("facts learned on the way and counters at the end are on the root span and on the last line", () =>
  Effect.gen(function* () {
    let frames = 0
    const session = Effect.gen(function* () {
      const current = yield* CurrentSession
      current.annotate({ "stream.name": "live/livestream" })
      current.event("publish.start", 7n)
      expect(current.traceId).toMatch(/^[0-9a-f]{32}$/)
      frames = 42
    }).pipe(Effect.withSpan("rtmp.publish"))
    const { root, last } = yield* record(session, { summary: () => ({ "media.frames_in": frames }) })
    expect(root.attributes.get("stream.name")).toBe("live/livestream")
    expect(root.events.map(([name]) => name)).toEqual(["publish.start"])
    expect(last.annotations).toMatchObject({ "stream.name": "live/livestream", "media.frames_in": 42 })
  })
)

effect("session ids are 8 characters of SRS's alphabet, the same for the same seed", () =>
  Effect.gen(function* () {
    const one = yield* Random.withSeed(makeSessionId, "seed")
    expect(one).toMatch(/^[0-9a-z]{8}$/)
    expect(yield* Random.withSeed(makeSessionId, "seed")).toBe(one)
  })
)
