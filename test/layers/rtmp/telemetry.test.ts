import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { TransportFailed } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { harness, tick } from "./memoryClient.ts"

type Recorder = ReturnType<typeof makeRecorder>

/** This layer's spans under the one root with this role, as `name` lines indented by depth. */
const tree = ({ spans }: Recorder, role: string): ReadonlyArray<string> => {
  const root = spans.find((span) => span.name === "rtmp.session" && span.attributes.get("session.role") === role)
  const lines = (parent: string, indent: string): ReadonlyArray<string> =>
    spans
      .filter(({ name }) => name.startsWith("rtmp."))
      .filter((span) => span.parent._tag === "Some" && span.parent.value.spanId === parent)
      .flatMap((span) => [`${indent}${span.name}`, ...lines(span.spanId, `${indent}  `)])
  return root === undefined ? [] : [root.name, ...lines(root.spanId, "  ")]
}

const roots = ({ spans }: Recorder) =>
  spans
    .filter(({ name }) => name === "rtmp.session")
    .map(({ attributes, status }) => ({
      role: attributes.get("session.role"),
      end: attributes.get("session.end"),
      by: attributes.get("session.end_by"),
      reason: attributes.get("session.end_reason"),
      code: attributes.get("error.code"),
      ok: status._tag === "Ended" && Exit.isSuccess(status.exit)
    }))

const recorded = (
  name: string,
  body: (recorder: Recorder) => Effect.Effect<void, TransportFailed, Effect.Services<ReturnType<typeof harness>>>
) =>
  effect(name, () => {
    const recorder = makeRecorder()
    return body(recorder).pipe(recorder.provide)
  })

recorded(
  "a publish and a play are trees of spans with their facts, and a peer that leaves is an ordinary end",
  (recorder) =>
    Effect.gen(function* () {
      const { player, publisher } = yield* harness()
      const client = yield* publisher("a?token=1")
      const viewer = yield* player("a")
      client.media(1, 0)
      yield* TestClock.adjust(400)
      yield* viewer.connection.end
      yield* client.connection.end
      yield* tick
      expect(tree(recorder, "publish")).toEqual([
        "rtmp.session",
        "  rtmp.handshake",
        "  rtmp.connect",
        "  rtmp.authorize",
        "  rtmp.publish"
      ])
      expect(tree(recorder, "play")).toEqual([
        "rtmp.session",
        "  rtmp.handshake",
        "  rtmp.connect",
        "  rtmp.authorize",
        "  rtmp.play"
      ])
      expect(roots(recorder)).toEqual([
        { role: "publish", end: "closed", by: "peer", reason: "peer closed", code: undefined, ok: true },
        { role: "play", end: "closed", by: "peer", reason: "peer closed", code: undefined, ok: true }
      ])
      const [publish, play] = recorder.spans.filter(({ name }) => name === "rtmp.session")
      expect(Object.fromEntries(publish.attributes)).toMatchObject({
        "client.address": "127.0.0.1:20000",
        "network.protocol.name": "rtmp",
        "stream.vhost": "__defaultVhost__",
        "stream.app": "live",
        "stream.name": "a",
        "rtmp.handshake": "simple",
        "session.frames_in": 4
      })
      expect([...publish.attributes.values()]).toContain("flash-publish")
      // Headers that a viewer enters with are not counted.
      expect(play.attributes.get("session.frames_out")).toBe(2)
      expect(play.attributes.get("session.frames_dropped")).toBe(0)
      expect(play.attributes.get("session.bytes_out")).toBeGreaterThan(3073)
      const edges = ["session opened", "start publish", "start play", "session closed"]
      expect(recorder.lines.map(({ message }) => message).filter((message) => edges.includes(message))).toEqual([
        "session opened",
        "start publish",
        "session opened",
        "start play",
        "session closed",
        "session closed"
      ])
    })
)

recorded("a refusal is a failure with SRS's number, on the span and in the log", (recorder) =>
  Effect.gen(function* () {
    const { publisher } = yield* harness()
    yield* publisher("a")
    yield* publisher("a")
    yield* TestClock.adjust(1100)
    expect(roots(recorder)[1]).toMatchObject({ role: "publish", end: "failed", code: 1028, ok: false })
    const line = recorder.lines.find(({ message }) => message === "session failed")
    expect(line?.level).toBe("Warn")
    expect(line?.annotations).toMatchObject({ "error.code": 1028, "session.end": "failed", "stream.name": "a" })
  })
)

recorded("silence is a timeout, with SRS's number", (recorder) =>
  Effect.gen(function* () {
    const { open } = yield* harness()
    yield* open
    yield* TestClock.adjust(31_100)
    expect(roots(recorder)).toMatchObject([{ end: "timeout", code: 1011, ok: false }])
  })
)

recorded("a kick ends the session with its reason", (recorder) =>
  Effect.gen(function* () {
    const { publisher, registry, sessions } = yield* harness()
    const client = yield* publisher("a")
    const [id] = sessions.all().keys()
    expect(yield* sessions.kick(id, "by the operator")).toBe(true)
    yield* tick
    expect(client.closed).toBe(true)
    expect(registry.find("/live/a")?.publisher()).toBeUndefined()
    expect(roots(recorder)).toMatchObject([{ end: "kicked", reason: "session ended: by the operator", ok: false }])
    expect(yield* sessions.kick(id, "again")).toBe(false)
  })
)

recorded("the end of the server ends its sessions as a shutdown", (recorder) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { player, publisher } = yield* Scope.provide(harness(), scope)
    const client = yield* publisher("a")
    const viewer = yield* player("a")
    yield* Scope.close(scope, Exit.void)
    yield* tick
    expect([client.closed, viewer.closed]).toEqual([true, true])
    expect(roots(recorder)).toMatchObject([
      { role: "publish", end: "shutdown", ok: false },
      { role: "play", end: "shutdown", ok: false }
    ])
  })
)

recorded("bad bytes are the peer's failure", (recorder) =>
  Effect.gen(function* () {
    const { publisher } = yield* harness()
    const client = yield* publisher("a")
    client.send(Buffer.alloc(64, 0xff))
    yield* TestClock.adjust(1100)
    expect(roots(recorder)).toMatchObject([{ role: "publish", end: "failed", ok: false }])
    expect(roots(recorder)[0].code).toBeNumber()
  })
)
