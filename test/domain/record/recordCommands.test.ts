import { expect, test } from "bun:test"
import { parseCommandLine } from "../../../src/domain/config/commandLine.ts"
import { parseDump, parseReplay } from "../../../src/domain/record/recordCommands.ts"

const words = (text: string): ReadonlyArray<string> => text.split(" ").filter((word) => word !== "")

test("dump names a port, a server and a file", () => {
  expect(parseDump(words("--listen 1936 --to a.com:1935 -o f"))).toEqual({
    listen: { host: "0.0.0.0", port: 1936 },
    to: { host: "a.com", port: 1935 },
    file: "f"
  })
  expect(parseDump(words("-o f --to [::1]:1935 --listen 127.0.0.1:0"))).toEqual({
    listen: { host: "127.0.0.1", port: 0 },
    to: { host: "::1", port: 1935 },
    file: "f"
  })
})

test("replay names a file, a server and perhaps a speed", () => {
  const to = { host: "127.0.0.1", port: 1935 }
  expect(parseReplay(words("f --to 127.0.0.1:1935"))).toEqual({ file: "f", to, speed: 1 })
  expect(parseReplay(words("--speed 0 --to 127.0.0.1:1935 f"))).toEqual({ file: "f", to, speed: 0 })
})

const misuses: ReadonlyArray<readonly [args: string, reason: string]> = [
  ["dump --to a:1 -o f", "dump needs --listen [HOST:]PORT"],
  ["dump --listen 1 --to 1935 -o f", "dump needs --to HOST:PORT"],
  ["dump --listen 1 --to a:0 -o f", "dump needs --to HOST:PORT"],
  ["dump --listen 1 --to a:1", "dump needs -o FILE"],
  ["dump --listen 1 --to a:1 -o", "-o needs a value"],
  ["dump --listen 1 --to a:1 -o f x", "unexpected argument x"],
  ["dump --listen 70000 --to a:1 -o f", "dump needs --listen [HOST:]PORT"],
  ["replay --to a:1", "replay needs one FILE"],
  ["replay f", "replay needs --to HOST:PORT"],
  ["replay f --to a:1 --speed x", "--speed needs a number, 0 for no waiting"],
  ["replay f --to a:1 --speed -1", "--speed needs a number, 0 for no waiting"],
  ["replay f --listen 1", "unknown option --listen"]
]

for (const [args, reason] of misuses) {
  test(`${args} is refused`, () => expect(parseCommandLine(words(args), {})).toEqual({ _tag: "Misused", reason }))
}
