import { expect, test } from "bun:test"
import {
  overloadFlags,
  type OverloadLevel,
  type OverloadLimits,
  OverloadMeter,
  overloadOrdinal
} from "../../../src/domain/process/Overload.ts"

/** SRS's defaults. */
const limits: OverloadLimits = {
  enabled: true,
  highThresholdPercent: 90,
  highPulse: 2,
  criticalThresholdPercent: 95,
  criticalPulse: 1,
  dyingThresholdPercent: 99,
  dyingPulse: 5
}

const rows: ReadonlyArray<
  readonly [name: string, changed: Partial<OverloadLimits>, percents: ReadonlyArray<number>, levels: string]
> = [
  ["nothing is above", {}, [0, 50, 90], "n n n"],
  ["high is held for its pulse", {}, [91, 90, 89, 91, 91, 0, 0], "h h n h h h n"],
  ["critical is held for its own, high stays longer", {}, [96, 0, 0], "c h n"],
  [
    "dying needs so many in a row, and the first below ends it",
    {},
    [100, 100, 100, 100, 100, 100, 99],
    "c c c c d d c"
  ],
  ["one below begins the count anew", {}, [100, 100, 100, 100, 99, 100, 100, 100, 100], "c c c c c c c c c"],
  ["a pulse of 0 disables high", { highPulse: 0 }, [91, 96, 0], "n c n"],
  ["a pulse of 0 disables critical", { criticalPulse: 0 }, [96, 0, 0], "h h n"],
  ["a pulse of 0 disables dying", { dyingPulse: 0 }, [100, 100, 100, 100, 100, 100], "c c c c c c"],
  ["it is switched off", { enabled: false }, [100, 100, 100, 100, 100, 100], "n n n n n n"]
]

for (const [name, changed, percents, levels] of rows) {
  test(`${name}: ${percents.join(" ")}`, () => {
    const meter = new OverloadMeter()
    expect(percents.map((percent) => meter.push(percent, { ...limits, ...changed })[0]).join(" ")).toBe(levels)
  })
}

test("limits that change count from then on", () => {
  const meter = new OverloadMeter()
  expect(meter.push(100, limits)).toBe("critical")
  expect(meter.push(100, { ...limits, enabled: false })).toBe("none")
  expect(meter.push(50, limits)).toBe("none")
  expect(meter.push(50, { ...limits, highThresholdPercent: 40 })).toBe("high")
})

test("as numbers, and as SRS's log has them", () => {
  const levels: ReadonlyArray<OverloadLevel> = ["none", "high", "critical", "dying"]
  expect(levels.map(overloadOrdinal)).toEqual([0, 1, 2, 3])
  expect(levels.map(overloadFlags)).toEqual(["0,0,0", "1,0,0", "1,1,0", "1,1,1"])
})
