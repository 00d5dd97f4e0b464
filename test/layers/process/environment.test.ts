import { expect } from "bun:test"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { changeWorkDirectory, descriptorLimit, serverId } from "../../../src/layers/process/environment.ts"
import { acquirePidFile } from "../../../src/layers/process/pidFile.ts"
import { onSignal } from "../../../src/layers/process/signals.ts"
import { effect } from "../../support/effect.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "sluice-process-"))),
  (name) => Effect.sync(() => fs.rmSync(name, { recursive: true }))
)

effect("the server's id stays the same over restarts, and a configured one replaces it", () =>
  Effect.gen(function* () {
    const pid = path.join(yield* directory, "objs", "srs.pid")
    const first = yield* serverId("", pid)
    expect(first).toMatch(/^vid-[a-z0-9]{7}$/)
    expect(yield* serverId("", pid)).toBe(first)
    expect(yield* serverId("mine", pid)).toBe("mine")
    expect(yield* serverId("", pid)).toBe("mine")
    expect(yield* serverId("", "/proc/none/srs.pid")).toMatch(/^vid-/)
  })
)

effect("a working directory that is not there is refused as the configuration's fault", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(changeWorkDirectory("/proc/none"))
    expect([error.code, error.message]).toEqual([1023, expect.stringContaining("/proc/none")])
    const before = process.cwd()
    yield* changeWorkDirectory("")
    yield* changeWorkDirectory("./")
    expect(process.cwd()).toBe(before)
  })
)

effect("the limit of open files is that of this process", () =>
  Effect.gen(function* () {
    expect(yield* descriptorLimit).toBeGreaterThan(100)
  })
)

effect("a pid file of a process that is gone, or came later, is taken over", () =>
  Effect.gen(function* () {
    const folder = yield* directory
    const file = path.join(folder, "srs.pid")
    for (const text of ["", "nonsense", "999999999", String(process.pid)]) {
      fs.writeFileSync(file, text)
      yield* acquirePidFile(file)
      expect(fs.readFileSync(file, "utf8")).toBe(String(process.pid))
    }
    const recycled = path.join(folder, "recycled.pid")
    fs.writeFileSync(recycled, String(process.ppid))
    fs.utimesSync(recycled, 1, 1)
    yield* acquirePidFile(recycled)
    expect(fs.readFileSync(recycled, "utf8")).toBe(String(process.pid))
  })
)

effect("a pid file whose process lives is in use, and stays as it is", () =>
  Effect.gen(function* () {
    const file = path.join(yield* directory, "srs.pid")
    fs.writeFileSync(file, String(process.ppid))
    const error = yield* Effect.flip(acquirePidFile(file))
    expect([error.code, fs.readFileSync(file, "utf8")]).toEqual([1035, String(process.ppid)])
    expect((yield* Effect.flip(acquirePidFile("/proc/none/srs.pid"))).code).toBe(1034)
  })
)

effect("a signal's work runs once for a burst, until the scope closes", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    let runs = 0
    yield* onSignal(
      "SIGUSR2",
      Effect.andThen(
        Effect.sync(() => runs++),
        Effect.sleep(10)
      )
    ).pipe(Scope.provide(scope))
    yield* TestClock.adjust(0)
    for (let signal = 0; signal < 5; signal++) process.emit("SIGUSR2", "SIGUSR2")
    yield* TestClock.adjust(5)
    expect(runs).toBe(1)
    process.emit("SIGUSR2", "SIGUSR2")
    process.emit("SIGUSR2", "SIGUSR2")
    yield* TestClock.adjust(100)
    expect(runs).toBe(2)
    yield* Scope.close(scope, Exit.void)
    expect(process.listenerCount("SIGUSR2")).toBe(0)
  })
)
