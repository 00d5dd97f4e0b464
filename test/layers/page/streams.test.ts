import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { FlvReader } from "../../../src/domain/flv/FlvReader.ts"
import { TagBodyReader } from "../../../src/domain/flv/TagBody.ts"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { streamKey } from "../../../src/domain/media/StreamName.ts"
import { streamFacts } from "../../../src/layers/page/streams.ts"
import { session } from "../source/harness.ts"
import type { Source } from "../../../src/services/SourceRegistry.ts"

const logOf = (fixture: string): SourceLog => {
  const log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1e8 })
  const bodies = new TagBodyReader()
  new FlvReader().push(readFileSync(`test/fixtures/flv/${fixture}.flv`), (type, time, bytes, start, end) => {
    if (type === Kind.Audio || type === Kind.Video) {
      bodies.read(type, time, bytes, start, end, (frame) => log.append(frame, time))
    }
  })
  return log
}

const source = (stream: string, log: SourceLog, live = true): Source => {
  const name = { vhost: "__defaultVhost__", app: "live", stream }
  return {
    name,
    key: streamKey(name),
    log,
    publisher: () => (live ? { sessionId: "s", param: "" } : undefined),
    isRead: () => false,
    absoluteTimes: () => false,
    observe: () => {
      throw new Error("not asked for")
    }
  }
}

/** What FFmpeg made of them (`scripts/fixtures/flv.ts`). */
const cases: ReadonlyArray<readonly [fixture: string, video: string, audio: string]> = [
  ["h264-aac", "H264", "AAC"],
  ["hevc-opus", "HEVC", "Opus"],
  ["av1-flac", "AV1", "FLAC"],
  ["h264-mp3", "H264", "MP3"]
]
test.each(cases)("%s is told as %s and %s", (fixture, video, audio) => {
  const [facts] = streamFacts([source("a", logOf(fixture))], [], ({ stream }) => [`rtmp://localhost/live/${stream}`])
  expect(facts).toMatchObject({ app: "live", stream: "a", viewers: 0, urls: ["rtmp://localhost/live/a"] })
  expect([facts?.video?.codec, facts?.audio?.codec]).toEqual([video, audio])
})

test("size of the picture, rate and channels of the sound", () => {
  const [facts] = streamFacts([source("a", logOf("h264-aac"))], [], () => [])
  // As ffprobe has it (`h264-aac.json`).
  expect(facts?.video).toEqual({ codec: "H264", width: 320, height: 180 })
  expect(facts?.audio).toEqual({ codec: "AAC", sampleRate: 48_000, channels: 2 })
})

test("only what has a publisher, by name; a stream without media has neither picture nor sound", () => {
  const empty = () => new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 1, maxBytes: 1 })
  const facts = streamFacts([source("b", empty()), source("gone", empty(), false), source("a", empty())], [], () => [])
  expect(facts.map(({ audio, stream, video }) => [stream, video, audio])).toEqual([
    ["a", null, null],
    ["b", null, null]
  ])
})

test("viewers are the sessions that play it", () => {
  const client = (role: "publish" | "play", stream: string) =>
    Object.assign(session(stream), { role, stream: { vhost: "__defaultVhost__", app: "live", stream } })
  const sessions = [client("play", "a"), client("play", "a"), client("publish", "a"), client("play", "b"), session("x")]
  const [facts] = streamFacts([source("a", logOf("h264-aac"))], sessions, () => [])
  expect(facts?.viewers).toBe(2)
})
