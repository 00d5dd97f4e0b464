import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { signStream } from "../../../src/domain/access/signedUrl.ts"
import { parseStoredSecret } from "../../../src/domain/access/StoredSecret.ts"
import { Gate } from "../../../src/layers/access/Gate.ts"
import { isPassword } from "../../../src/layers/access/scrypt.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import type { AccessRequest } from "../../../src/services/Authorizer.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { effect } from "../../support/effect.ts"
import { accessRequest } from "./accessRequest.ts"

/** "secret" with a cost of 16, by Python's hashlib. */
const scrypt = "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gEeb/KeWbm5g+kBQOFr1yJbkjBxxxDOkhSmrSXFFwOg"
const adobe = "$adobe$SALT1234$VuW0kq7gFB5LOYjhfQMivQ=="

const harness = Effect.fnUntraced(function* (directives: string) {
  const vhost = yield* Effect.provide(
    Effect.map(Settings, (settings) => settings.vhost("__defaultVhost__")),
    layerText(`vhost __defaultVhost__ { auth { enabled on; ${directives} } }`)
  )
  if (vhost === undefined) throw new Error("no vhost")
  const gate = new Gate()
  const check = (fields: Partial<AccessRequest>, action: "publish" | "play" = "publish", address = "10.0.0.1") =>
    Effect.map(gate.check(vhost.auth, action, accessRequest(address, fields)), (reason) => reason ?? "passes")
  return { gate, vhost, check }
})

effect("scrypt is that of RFC 7914 §12", () =>
  Effect.gen(function* () {
    const stored = parseStoredSecret(
      "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
    )
    expect(stored).toBeDefined()
    const secrets = stored === undefined ? [] : [stored]
    expect(yield* isPassword("", "pleaseletmein", secrets)).toBe(true)
    expect(yield* isPassword("", "pleaseletmeout", secrets)).toBe(false)
    expect(yield* isPassword("", "", [])).toBe(false)
  })
)

const basic = (login: string) => `Basic ${Buffer.from(login).toString("base64")}`
const stream = { vhost: "__defaultVhost__", app: "live", stream: "a" }
const signed = signStream("s3cret", "publish", stream, 100)

const passes = "passes"
const wrong = "what was shown is wrong or too old"
const nothing = "was shown"

/** Directives, what is shown, and the answer: a part of it. */
const rows: ReadonlyArray<readonly [directives: string, shown: Partial<AccessRequest>, answer: string]> = [
  ["play key;", {}, passes],
  ["publish signature; secret s3cret;", {}, nothing],
  ["publish signature; secret s3cret;", { param: signed }, passes],
  ["publish signature; secret s3cret;", { param: signed.replace("100", "101") }, wrong],
  ["publish signature; secret s3cret;", { param: signed, stream: { ...stream, stream: "b" } }, wrong],
  ["publish signature;", { param: signed }, wrong],
  ["publish lal; lal_secret key;", { param: "?lal_secret=74378b19b736af202de0a80ec489697e" }, passes],
  ["publish lal; lal_secret key;", { param: "?lal_secret=74378b19b736af202de0a80ec489697f" }, wrong],
  [`publish key; key live/a ${scrypt};`, { param: "?key=secret" }, passes],
  [`publish key; key live/a ${scrypt};`, { param: "?key=Secret" }, wrong],
  [`publish key; key live/b ${scrypt};`, { param: "?key=secret" }, wrong],
  [`publish key; key * ${scrypt};`, { param: "?key=secret" }, passes],
  ["publish key;", { param: "?key=secret" }, wrong],
  [`publish password; user joe ${scrypt};`, { authorization: basic("joe:secret") }, passes],
  [`publish password; user joe ${scrypt};`, { authorization: basic("joe:Secret") }, wrong],
  [`publish password; user joe ${scrypt};`, { authorization: basic("eve:secret") }, wrong],
  [`publish password; user joe ${scrypt};`, { param: "?user=joe&password=secret" }, passes],
  [`publish password; user joe ${adobe};`, { param: "?user=joe&password=secret" }, passes],
  [`publish password; user joe ${adobe};`, { param: "?user=joe&password=Secret" }, wrong],
  [`publish signature key; key * ${scrypt};`, { param: "?key=secret&sign=1" }, passes],
  [`publish signature key; key * ${scrypt};`, { param: "?token=1" }, nothing],
  [`publish adobe; user joe ${adobe};`, { param: "?authmod=adobe&user=joe" }, nothing],
  [`publish adobe; user joe ${adobe};`, { param: "?authmod=adobe&user=joe&response=x&opaque=1.x" }, wrong],
  // A word that is none must let nobody in.
  ["publish passwort;", { param: "?user=joe&password=secret" }, nothing]
]

describe("auth", () => {
  for (const [directives, shown, answer] of rows) {
    const told = directives.replace(/\$\S+/g, "HASH")
    effect(`${told} with ${JSON.stringify(shown)}: ${answer}`, () =>
      Effect.gen(function* () {
        const { check } = yield* harness(directives)
        expect(yield* check(shown)).toContain(answer)
      })
    )
  }

  effect("a signature is worth nothing once it has expired", () =>
    Effect.gen(function* () {
      const { check } = yield* harness("publish signature; secret s3cret;")
      yield* TestClock.adjust(99_999)
      expect(yield* check({ param: signed })).toBe(passes)
      yield* TestClock.adjust(1)
      expect(yield* check({ param: signed })).toContain(wrong)
    })
  )

  effect("an address with too many wrong proofs waits, even with a right one; others do not", () =>
    Effect.gen(function* () {
      const { check } = yield* harness("publish signature; secret s3cret; max_failures 2;")
      yield* check({})
      yield* check({ param: "?sign=1" })
      expect(yield* check({ param: signed })).toBe(passes)
      yield* check({ param: "?sign=1" })
      expect(yield* check({ param: signed })).toContain("too many")
      expect(yield* check({ param: signed }, "publish", "10.0.0.2")).toBe(passes)
      yield* TestClock.adjust(60_000)
      expect(yield* check({ param: signed })).toBe(passes)
    })
  )
})

describe("Adobe's challenge", () => {
  const ask = Effect.fnUntraced(function* (directives: string, param: string, isPublisher = true) {
    const { gate, vhost } = yield* harness(directives)
    return yield* gate.challenge({ vhost, address: "10.0.0.1", param, isPublisher })
  })
  const questions: ReadonlyArray<readonly [directives: string, param: string, isPublisher: boolean, part: string]> = [
    ["publish password;", "", true, ""],
    ["publish adobe;", "", false, ""],
    ["publish adobe;", "", true, "code=403 need auth"],
    ["play adobe;", "", false, "code=403 need auth"],
    ["publish adobe key;", "?key=x", true, ""],
    [`publish adobe; user joe ${adobe};`, "?authmod=adobe&user=joe", true, "?reason=needauth&user=joe&salt=SALT1234&"],
    ["publish adobe;", "?authmod=adobe&user=eve", true, "?reason=needauth&user=eve&salt="],
    ["publish adobe;", "?authmod=adobe&user=e%20]", true, "?reason=authfailed"],
    [`publish adobe; user joe ${adobe};`, "?authmod=adobe&user=joe&response=x&opaque=1.a", true, "?reason=authfailed"]
  ]
  for (const [directives, param, isPublisher, part] of questions) {
    const told = directives.replace(/\$\S+/g, "HASH")
    effect(
      `${told} to ${isPublisher ? "a publisher" : "a player"} with ${param || "nothing"}: ${part || "goes on"}`,
      () =>
        Effect.gen(function* () {
          const words = yield* ask(directives, param, isPublisher)
          expect(words ?? "").toContain(part)
          expect(words === undefined).toBe(part === "")
        })
    )
  }
})
