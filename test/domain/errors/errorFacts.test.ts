import { expect, test } from "bun:test"
import { errorFacts } from "../../../src/domain/errors/errorFacts.ts"
import { exitStatus, srsErrorName, srsErrors } from "../../../src/domain/errors/SrsError.ts"

test.each([
  ["an error with SRS's number", { _tag: "Busy", code: 1028 }, { "error.code": 1028, "error.name": "StreamBusy" }],
  ["a number SRS has not", { _tag: "Odd", code: 9999 }, { "error.code": 9999, "error.name": "Odd" }],
  ["a system error of Node", Object.assign(new Error("x"), { code: "EPIPE" }), { "error.name": "Error" }],
  ["a time-out of Effect", { _tag: "TimeoutError" }, { "error.code": 1011, "error.name": "SocketTimeout" }],
  ["a peer that left", { _tag: "ConnectionClosed" }, { "error.code": 1004, "error.name": "SocketClosed" }],
  ["a string", "boom", { "error.name": "string" }],
  ["nothing", null, { "error.name": "object" }]
])("names %s", (_, error, facts) => {
  expect(errorFacts(error)).toEqual(facts)
})

test("numbers and names map both ways", () => {
  expect(new Set(Object.values(srsErrors)).size).toBe(Object.keys(srsErrors).length)
  expect(srsErrorName(1035)).toBe("PidFileProcessExists")
  expect(srsErrorName(1)).toBeUndefined()
})

test("the exit status is the number modulo 256, and never success", () => {
  expect([1023, 1035, 1002, 1024].map(exitStatus)).toEqual([255, 11, 234, 1])
})
