import { expect, test } from "bun:test"
import * as Result from "effect/Result"

import { parse } from "../../bench/load/arguments.ts"

const accepted: ReadonlyArray<[name: string, args: string, program: string]> = [
  [
    "a viewer over RTMP, default port",
    "play rtmp://localhost/live/s",
    "role=play proto=rtmp host=localhost port=1935 path=live/s"
  ],
  [
    "an index in the stream's name",
    "play rtmp://127.0.0.1:1936/live/s%d?token=x -n 500",
    "role=play proto=rtmp host=127.0.0.1 port=1936 path=live/s%d?token=x count=500"
  ],
  [
    "HTTP keeps the leading slash",
    "play http://localhost/live/s.flv -t 3",
    "role=play proto=http host=localhost port=80 path=/live/s.flv seconds=3"
  ],
  [
    "a playlist is played as HLS",
    "play http://localhost/live/s.m3u8?vhost=v -n 9",
    "role=play proto=hls host=localhost port=80 path=/live/s.m3u8?vhost=v count=9"
  ],
  [
    "options before the role",
    "--check 4 --remote play ws://example.net:80/live/s.flv",
    "role=play proto=ws host=example.net port=80 path=/live/s.flv check=4 remote=1"
  ],
  [
    "a publisher",
    "publish rtmp://localhost/live/s -i a.flv --no-mark --chunk 128",
    "role=publish proto=rtmp host=localhost port=1935 path=live/s file=a.flv mark=0 chunk=128"
  ]
]

for (const [name, args, program] of accepted) {
  test(`parses ${name}`, () => {
    expect(parse(args.split(" "))).toEqual(Result.succeed(program.split(" ")))
  })
}

const refused: ReadonlyArray<[args: string, reason: string]> = [
  ["", "say publish or play"],
  ["watch rtmp://localhost/live/s", "say publish or play"],
  ["play", "give exactly one URL"],
  ["play rtmp://localhost/live/s again", "give exactly one URL"],
  ["play srt://localhost/live/s", "not an rtmp, http or ws URL: srt://localhost/live/s"],
  ["play rtmp://localhost/live", "no application and stream in rtmp://localhost/live"],
  ["publish http://localhost/live/s.flv -i a.flv", "publish takes an rtmp URL"],
  ["publish rtmp://localhost/live/s", "publish needs --input"],
  ["play rtmp://localhost/live/s -n 0", "--count takes a number from 1 to 100000"],
  ["play rtmp://localhost/live/s -n 1e3", "--count takes a number from 1 to 100000"],
  ["play rtmp://localhost/live/s --ramp", "--ramp takes a number from 1 to 100000"],
  ["play rtmp://localhost/live/s --fast", "unknown option --fast"]
]

for (const [args, reason] of refused) {
  test(`refuses "${args}": ${reason}`, () => {
    const result = parse(args.split(" ").filter((word) => word !== ""))
    expect(Result.isFailure(result) && result.failure.message).toBe(reason)
  })
}

test("help wins over everything else", () => {
  expect(parse(["play", "--help", "--fast"])).toEqual(Result.succeed("help"))
})
