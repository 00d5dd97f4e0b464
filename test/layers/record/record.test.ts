/** A recording proxy and its replay, in memory and in virtual time. */
import { expect } from "bun:test"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { dump } from "../../../src/layers/record/dump.ts"
import { replay } from "../../../src/layers/record/replay.ts"
import { make } from "../../../src/layers/transport/Memory.ts"
import { Transport } from "../../../src/services/Transport.ts"
import * as Clock from "effect/Clock"
import { effect, mustEndAtZero } from "../../support/effect.ts"

const to = { host: "server", port: 1935 }
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** A server that says what it got and when, and answers each read with `!`. */
const harness = Effect.gen(function* () {
  const transport = make()
  const heard: Array<string> = []
  let open = 0
  yield* mustEndAtZero("connections", () => open)
  yield* transport.listen(to, {}, (connection) =>
    Effect.gen(function* () {
      const id = ++open
      yield* Effect.addFinalizer(() => Effect.sync(() => open--))
      while (true) {
        const bytes = yield* connection.read
        heard.push(`${yield* Clock.currentTimeMillis} ${id} ${text(bytes)}`)
        connection.write(Buffer.from("!"))
      }
    }).pipe(
      Effect.scoped,
      Effect.catchTag("ConnectionClosed", () => Effect.void)
    )
  )
  const directory = mkdtempSync(join(tmpdir(), "sluice-record-"))
  yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
  return { transport, heard, file: join(directory, "a.rec"), provide: Effect.provideService(Transport, transport) }
})

effect("what clients send reaches the server and the file, and a replay says it again at the same times", () =>
  Effect.gen(function* () {
    const { file, heard, provide, transport } = yield* harness
    const recording = yield* Scope.make()
    const port = yield* provide(Scope.provide(dump({ listen: { host: "", port: 0 }, to, file }), recording))
    const scopes = [yield* Scope.make(), yield* Scope.make()]
    const connect = (scope: Scope.Scope) =>
      Scope.provide(transport.connect({ host: "", port }, { timeoutMillis: 1000 }), scope)
    const one = yield* connect(scopes[0])
    one.write(Buffer.from("a"))
    yield* TestClock.adjust(100)
    expect(text(yield* one.read)).toBe("!")
    const two = yield* connect(scopes[1])
    two.write(Buffer.from("b"))
    yield* TestClock.adjust(50)
    one.write(Buffer.from("c"))
    yield* TestClock.adjust(50)
    for (const scope of scopes) yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust(0)
    yield* Scope.close(recording, Exit.void)
    expect(heard).toEqual(["0 1 a", "100 2 b", "150 1 c"])

    heard.length = 0
    const slow = yield* Effect.forkScoped(provide(replay({ file, to, speed: 1 })))
    yield* TestClock.adjust(1000)
    expect(yield* Fiber.join(slow)).toMatchObject({ connections: 2, bytes: 3, closedByServer: 0 })
    expect(heard).toEqual(["200 1 a", "300 2 b", "350 1 c"])

    heard.length = 0
    yield* provide(replay({ file, to, speed: 0 }))
    expect(heard).toEqual(["1200 1 a", "1200 2 b", "1200 1 c"])
  })
)

effect("what is no recording, and a file that is not there, fail in words", () =>
  Effect.gen(function* () {
    const { file, provide } = yield* harness
    const fails = (path: string) => Effect.flip(provide(replay({ file: path, to, speed: 0 })))
    expect((yield* fails(`${file}.none`)).message).toContain("no such file")
    writeFileSync(file, "something else")
    expect((yield* fails(file)).message).toBe("no recording: it begins otherwise")
  })
)

effect("a server that cannot be reached ends the client, and the recording goes on", () =>
  Effect.gen(function* () {
    const { file, provide, transport } = yield* harness
    const nowhere = { host: "server", port: 1 }
    const port = yield* provide(dump({ listen: { host: "", port: 0 }, to: nowhere, file }))
    for (let i = 0; i < 2; i++) {
      const client = yield* transport.connect({ host: "", port }, { timeoutMillis: 1000 })
      yield* client.closed
    }
    expect(readFileSync(file, "latin1")).toBe("sluicer1")
  })
)

effect("a dump that cannot listen leaves an earlier recording as it is", () =>
  Effect.gen(function* () {
    const { file, provide } = yield* harness
    writeFileSync(file, "earlier")
    const error = yield* Effect.flip(provide(dump({ listen: to, to, file })))
    expect(error.message).toContain("address in use")
    expect(readFileSync(file, "utf8")).toBe("earlier")
  })
)
