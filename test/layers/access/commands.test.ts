import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { parseSign } from "../../../src/domain/access/accessCommands.ts"
import * as Result from "effect/Result"
import { parseStoredSecret } from "../../../src/domain/access/StoredSecret.ts"
import { sign } from "../../../src/layers/access/commands.ts"
import { isPassword } from "../../../src/layers/access/scrypt.ts"
import { load } from "../../../src/layers/config/Settings.ts"
import { effect } from "../../support/effect.ts"
import { Program } from "../../support/program.ts"

const snapshotOf = (vhosts: string) => {
  const text = `listen 1935; max_connections 100; ${vhosts}`
  return Result.getOrThrow(load({ _tag: "Text", text }, { environment: {} })).snapshot
}

const ask = (...args: ReadonlyArray<string>) => {
  const request = parseSign(args)
  if (typeof request === "string") throw new Error(request)
  return request
}

effect("sign makes the query by the key of the vhost", () =>
  Effect.gen(function* () {
    const snapshot = snapshotOf("vhost __defaultVhost__ { auth { secret s3cret; } } vhost v.com { }")
    yield* TestClock.adjust(1_699_999_990_500)
    const query = yield* sign(snapshot, ask("publish", "live/a", "--for", "10"))
    // By Python's hmac.
    const digest = "d0dafbf8bdbfff0f8ead321d9ea55d5c6a607c6578b8e9b12b0ea02b2a2791d4"
    expect(query).toBe(`?expires=1700000000&sign=${digest}`)
    const { message } = yield* Effect.flip(sign(snapshot, ask("play", "live/a", "--vhost", "v.com")))
    expect(message).toBe("vhost v.com has no auth.secret")
  })
)

effect("hash makes what a configuration has, from standard input", () =>
  Effect.gen(function* () {
    const command = `echo secret | ${process.execPath} src/main.ts hash && echo secret | ${process.execPath} src/main.ts hash --adobe joe`
    const make = Effect.sync(() => new Program(["sh", "-c", command]))
    const program = yield* Effect.acquireRelease(make, (each) => Effect.promise(() => each[Symbol.asyncDispose]()))
    yield* Effect.promise(() => program.succeeded())
    for (const line of program.out.text().trim().split("\n")) {
      const stored = parseStoredSecret(line)
      expect(stored).toBeDefined()
      const secrets = stored === undefined ? [] : [stored]
      expect(yield* isPassword("joe", "secret", secrets)).toBe(true)
      expect(yield* isPassword("joe", "Secret", secrets)).toBe(false)
    }
  })
)
