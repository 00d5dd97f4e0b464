import { expect } from "bun:test"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Logging from "../../../src/layers/telemetry/Logging.ts"
import { drainMillis, makeLogSink, maxQueuedChars, retryMillis } from "../../../src/layers/telemetry/LogSink.ts"
import { runSession } from "../../../src/layers/telemetry/session.ts"
import { LogTank } from "../../../src/services/Telemetry.ts"
import { effect } from "../../support/effect.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "sluice-log-"))),
  (name) => Effect.sync(() => fs.rmSync(name, { recursive: true }))
)

const options: Logging.LogOptions = {
  format: "json",
  file: undefined,
  minimumLevel: "Info",
  utc: true,
  color: true,
  pid: 7,
  serverCid: "0c0ffee0"
}

/** Logs in a scope of its own, whose end writes all that is queued. */
const logTo = (given: Partial<Logging.LogOptions>, log: Effect.Effect<void, never, LogTank>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(Logging.layer({ ...options, ...given }), scope)
    yield* Effect.provideContext(log, context)
    yield* Scope.close(scope, Exit.void)
    return Context.get(context, LogTank)
  })

const read = (file: string) => fs.readFileSync(file, "utf8").trimEnd().split("\n")

effect("writes a session's lines with its id and trace, in order, appended to the file", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    fs.writeFileSync(file, "before\n")
    const fields = { "session.id": "12a45b78", "client.address": "192.0.2.7:1", "network.protocol.name": "rtmp" }
    yield* logTo({ file }, Effect.logInfo("client identified").pipe(runSession(fields)))
    const [before, ...lines] = read(file)
    expect(before).toBe("before")
    const parsed = lines.map((line) => JSON.parse(line))
    expect(parsed.map((line) => line.message)).toEqual(["session opened", "client identified", "session closed"])
    for (const line of parsed)
      expect([line["session.id"], line["trace_id"]]).toEqual(["12a45b78", parsed[0]["trace_id"]])
    expect(parsed[0]["trace_id"]).toMatch(/^[0-9a-f]{32}$/)
  })
)

effect("leaves out what is below the level, and everything at None", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    yield* logTo({ file, minimumLevel: "Warn" }, Effect.andThen(Effect.logInfo("no"), Effect.logWarning("yes")))
    expect(read(file)).toHaveLength(1)
    yield* logTo({ file, minimumLevel: "None" }, Effect.logFatal("no"))
    expect(read(file)).toHaveLength(1)
  })
)

effect("never colours a file, and gives the system's number and text in SRS's form", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    const error = Object.assign(new Error("write EPIPE"), { errno: -32 })
    yield* logTo(
      { file, format: "srs" },
      Effect.die(error).pipe(
        Effect.tapCause((cause) => Effect.logError("x", cause)),
        Effect.ignoreCause
      )
    )
    expect(read(file)[0]).toMatch(/^\[[0-9-]{10} [0-9:.]{12}\]\[ERROR\]\[7\]\[0c0ffee0\]\[32\] x \(broken pipe\)$/)
  })
)

effect("reopens the path for rotation", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    const scope = yield* Scope.make()
    const sink = yield* makeLogSink(file, () => "").pipe(Scope.provide(scope))
    sink.push("one")
    while (!fs.existsSync(file) || fs.statSync(file).size === 0) yield* Effect.promise(() => fs.promises.stat("."))
    fs.renameSync(file, `${file}.1`)
    yield* sink.reopen
    sink.push("two")
    yield* Scope.close(scope, Exit.void)
    expect([read(`${file}.1`), read(file)]).toEqual([["one"], ["two"]])
  })
)

effect("a full disk costs counted lines and nothing else, and is reported when it has room again", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    fs.symlinkSync("/dev/full", file)
    const scope = yield* Scope.make()
    const sink = yield* makeLogSink(file, (lines) => `lost ${lines}`).pipe(Scope.provide(scope))
    sink.push("one")
    sink.push("two")
    while (sink.lost() === 0) yield* Effect.promise(() => fs.promises.stat("."))
    expect(sink.lost()).toBe(2)
    fs.rmSync(file)
    yield* TestClock.adjust(retryMillis)
    sink.push("three")
    yield* Scope.close(scope, Exit.void)
    expect(read(file)).toEqual(["three", "lost 2"])
  })
)

effect("what cannot be written is dropped past a limit, not kept, and does not hold up the end", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const missing = path.join(yield* directory, "missing", "a.log")
    const sink = yield* makeLogSink(missing, () => "").pipe(Scope.provide(scope))
    for (let line = 0; line < 2000; line++) sink.push("x".repeat(1024))
    expect(sink.lost()).toBe(2000 - maxQueuedChars / 1024)
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* TestClock.adjust(drainMillis)
    yield* Fiber.await(closing)
  })
)
