import { expect, test } from "bun:test"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { percentile99, reportLoopDelay } from "../../../src/layers/process/loopDelay.ts"
import { effect } from "../../support/effect.ts"

test("one sample in a hundred may exceed the 99th percentile", () => {
  const counts = new Uint32Array(100)
  counts[0] = 980
  counts[7] = 10
  counts[50] = 10
  expect(percentile99(counts)).toBe(7)
  counts[50] = 11
  expect(percentile99(counts)).toBe(50)
  expect(percentile99(new Uint32Array(100))).toBe(0)
})

effect("the report is written when the scope closes", () =>
  Effect.gen(function* () {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "sluice-loop-")), "delay")
    yield* Effect.scoped(Effect.andThen(reportLoopDelay(file), TestClock.adjust(1000)))
    expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual({ p99: 0 })
  })
)
