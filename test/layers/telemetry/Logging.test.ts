import { expect, spyOn } from "bun:test"
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
import type * as Logging from "../../../src/layers/telemetry/Logging.ts"
import {
  drainMillis,
  type LogTarget,
  makeLogSink,
  maxQueuedChars,
  retryMillis
} from "../../../src/layers/telemetry/LogSink.ts"
import { logFacts } from "../../../src/layers/telemetry/logFacts.ts"
import { runSession } from "../../../src/layers/telemetry/session.ts"
import * as Telemetry from "../../../src/layers/telemetry/Telemetry.ts"
import { LogTank } from "../../../src/services/Telemetry.ts"
import { effect } from "../../support/effect.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "sluice-log-"))),
  (name) => Effect.sync(() => fs.rmSync(name, { recursive: true }))
)

const options: Logging.LogOptions = {
  format: "json",
  file: undefined,
  rotateBytes: 0,
  keepFiles: 0,
  minimumLevel: "Info",
  utc: true,
  color: true,
  pid: 7,
  serverCid: "0c0ffee0"
}

const target = (file: string, rotateBytes = 0, keepFiles = 0): LogTarget => ({ file, rotateBytes, keepFiles })

/** Logs in a scope of its own, whose end writes all that is queued. */
const logTo = (given: Partial<Logging.LogOptions>, log: Effect.Effect<void, never, LogTank>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      Telemetry.layer({ log: { ...options, ...given }, otlp: undefined }),
      scope
    )
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
    const sink = yield* makeLogSink(target(file), () => "").pipe(Scope.provide(scope))
    sink.push("one")
    while (!fs.existsSync(file) || fs.statSync(file).size === 0) yield* Effect.promise(() => fs.promises.stat("."))
    fs.renameSync(file, `${file}.1`)
    yield* sink.reopen
    sink.push("two")
    yield* Scope.close(scope, Exit.void)
    expect([read(`${file}.1`), read(file)]).toEqual([["one"], ["two"]])
  })
)

/** Waits until the file has it all: writing is of the system, not of the clock, and renames the file meanwhile. */
const written = (file: string, line: string) => {
  const text = Effect.orElseSucceed(
    Effect.tryPromise(() => fs.promises.readFile(file, "utf8")),
    () => ""
  )
  const isWritten = Effect.map(text, (all) => all.trimEnd().split("\n").at(-1) === line)
  return Effect.repeat(isWritten, { until: (is) => is })
}

effect("a file past its size is renamed, so many are kept, and what it held before counts", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    fs.writeFileSync(file, "0123456\n")
    const scope = yield* Scope.make()
    const sink = yield* makeLogSink(target(file, 10, 2), () => "").pipe(Scope.provide(scope))
    const lines = ["a", "b".repeat(8), "c".repeat(20), "d", "e"]
    for (const line of lines) {
      sink.push(line)
      yield* written(file, line)
    }
    expect(["", ".1", ".2", ".3"].map((end) => fs.existsSync(file + end) && read(file + end))).toEqual([
      ["d", "e"],
      ["c".repeat(20)],
      ["b".repeat(8)],
      false
    ])
    sink.configure(target(file, 3, 0))
    sink.push("f")
    yield* written(file, "f")
    expect([read(file), read(`${file}.1`)]).toEqual([["f"], ["c".repeat(20)]])
    yield* Scope.close(scope, Exit.void)
  })
)

effect("a file that cannot be renamed goes on, and standard error has it once for each further size", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    // A directory that is not empty is in the way.
    fs.mkdirSync(`${file}.1/x`, { recursive: true })
    const scope = yield* Scope.make()
    const sink = yield* makeLogSink(target(file, 4, 1), () => "").pipe(Scope.provide(scope))
    const told = yield* Effect.acquireRelease(
      Effect.sync(() => spyOn(process.stderr, "write").mockReturnValue(true)),
      (spy) => Effect.sync(() => spy.mockRestore())
    )
    for (const line of ["one", "two", "three"]) {
      sink.push(line)
      yield* written(file, line)
    }
    expect(read(file)).toEqual(["one", "two", "three"])
    expect(told.mock.calls.map(([text]) => text)).toEqual([
      `sluice: the log ${file} cannot be renamed: EISDIR\n`,
      `sluice: the log ${file} cannot be renamed: EISDIR\n`
    ])
    yield* Scope.close(scope, Exit.void)
  })
)

effect("level, form and file can be others from the next line on", () =>
  Effect.gen(function* () {
    const folder = yield* directory
    const [first, second] = [path.join(folder, "a.log"), path.join(folder, "b.log")] as const
    const log = Effect.gen(function* () {
      const tank = yield* LogTank
      yield* Effect.logDebug("no")
      yield* Effect.logInfo("yes")
      yield* Effect.promise(() => fs.promises.stat("."))
      while (!fs.existsSync(first) || fs.statSync(first).size === 0) yield* Effect.promise(() => fs.promises.stat("."))
      yield* tank.configure({ ...options, file: second, format: "human", minimumLevel: "Debug" })
      yield* Effect.logDebug("now")
      yield* tank.configure({ ...options, file: second, minimumLevel: "Error" })
      yield* Effect.logWarning("no more")
    })
    yield* logTo({ file: first }, log)
    expect(read(first).map((line) => JSON.parse(line).message)).toEqual(["yes"])
    expect(read(second)).toEqual([expect.stringMatching(/DEBUG.* now$/i)])
  })
)

effect("facts of a line are those of the session too, and follow the level", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    const line = Effect.annotateLogs(logFacts("connect app", { "stream.app": "live" }), "session.id", "12a45b78")
    const log = Effect.gen(function* () {
      const tank = yield* LogTank
      yield* line
      yield* tank.configure({ ...options, file, minimumLevel: "Info" })
      yield* line
    })
    yield* logTo({ file, minimumLevel: "Warn" }, log)
    const parsed = read(file).map((text) => JSON.parse(text))
    expect(parsed).toMatchObject([{ message: "connect app", "session.id": "12a45b78", "stream.app": "live" }])
  })
)

effect("a full disk costs counted lines and nothing else, and is reported when it has room again", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "a.log")
    fs.symlinkSync("/dev/full", file)
    const scope = yield* Scope.make()
    const sink = yield* makeLogSink(target(file), (lines) => `lost ${lines}`).pipe(Scope.provide(scope))
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
    const sink = yield* makeLogSink(target(missing), () => "").pipe(Scope.provide(scope))
    for (let line = 0; line < 2000; line++) sink.push("x".repeat(1024))
    expect(sink.lost()).toBe(2000 - maxQueuedChars / 1024)
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* TestClock.adjust(drainMillis)
    yield* Fiber.await(closing)
  })
)
