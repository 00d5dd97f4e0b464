import { expect, test } from "bun:test"
import { readRoster, rosterText } from "../../../src/domain/hls/roster.ts"

test("what is written is read, and other text is none", () => {
  const names = [
    { vhost: "__defaultVhost__", app: "live", stream: 'a"\n' },
    { vhost: "v.com", app: "a/b", stream: "ü" }
  ]
  expect(readRoster(rosterText(names))).toEqual(names)
  for (const text of ["", "{}", "[1]", '[{"vhost":1,"app":"","stream":""}]', '[{"app":"a"}]', "[[", "null"]) {
    expect(readRoster(text)).toEqual([])
  }
})
