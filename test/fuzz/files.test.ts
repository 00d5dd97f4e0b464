/** Requests for files, and files as they come: transport streams, and the tracks of fragmented MP4. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { TagBodyReader } from "../../src/domain/flv/TagBody.ts"
import { fileOfUri, isSafePath } from "../../src/domain/hls/fileName.ts"
import { readDirectives } from "../../src/domain/hls/delivery.ts"
import { parseQuery } from "../../src/domain/http/query.ts"
import { RequestHeadReader } from "../../src/domain/http/RequestHead.ts"
import { Kind, MediaFrame } from "../../src/domain/media/MediaFrame.ts"
import { parseQueryRange, parseRange } from "../../src/domain/static/byteRange.ts"
import { fileAnswer } from "../../src/domain/static/fileAnswer.ts"
import { filePath } from "../../src/domain/static/filePath.ts"
import { flvOpening } from "../../src/domain/static/flvOpening.ts"
import { initSegment } from "../../src/domain/mp4/initSegment.ts"
import { Tracks } from "../../src/domain/mp4/Tracks.ts"
import { TsFrames } from "../../src/domain/ts/TsFrames.ts"
import { maxReportLength, reportOf } from "../../src/domain/stats/PlayerReports.ts"
import { readReport } from "../../src/layers/telemetry/playerReport.ts"
import { flvFiles, tagBodies } from "./captured.ts"
import { fuzz } from "./fuzz.ts"
import { bytesOf, textOf } from "./seeds.ts"

const size = 1000

fuzz({
  name: "byte ranges",
  seeds: bytesOf([
    "bytes=0-99",
    "bytes=-5",
    "bytes=900-",
    "bytes = 1-2 , 5-6",
    "0-",
    "-10",
    "bytes=99999999999999999-"
  ]),
  run: (input) => {
    const text = textOf(input)
    for (const range of [parseRange(text, size), parseQueryRange(text, size)]) {
      if (range === undefined || range === "unsatisfiable") continue
      if (!(range.from >= 0 && range.from < range.to && range.to <= size)) {
        throw new Error(`${range.from} to ${range.to}`)
      }
    }
  }
})

/** As curl, Chromium and FFmpeg ask for parts. */
const requests = [
  'GET /vod/a.mp4 HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1023\r\nIf-Range: "1-rs"\r\n\r\n',
  "GET /vod/a.flv?start=500 HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Fri, 27 Nov 2026 03:00:00 GMT\r\n\r\n",
  'HEAD /a.mp4?range=100-200 HTTP/1.1\r\nHost: a\r\nIf-None-Match: W/"a", "b"\r\nIf-Match: *\r\n\r\n',
  "GET /live/a.m3u8?_HLS_msn=12&_HLS_part=3&_HLS_skip=YES HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /live/a-1.m4s?CMCD=bl%3D5200%2Cbr%3D1000%2Csid%3D%22a-b%22%2Csf%3Dh HTTP/1.1\r\nHost: a\r\nCMCD-Status: bs,rtp=500\r\n\r\n"
]

fuzz({
  name: "requests for files",
  seeds: bytesOf(requests),
  run: (input) => {
    const head = Result.getOrElse(new RequestHeadReader().push(input), () => undefined)
    if (head === undefined) return
    const file = filePath(head.path.slice(1))
    if (file !== undefined && path.resolve("/srv", file) !== `/srv/${file}`)
      throw new Error(`${file} leaves its directory`)
    const { from, to } = fileAnswer({ path: head.path, size, modifiedMillis: 1_700_000_000_000 }, head)
    if (!(from >= 0 && from <= to && to <= size)) throw new Error(`${from} to ${to}`)
  }
})

fuzz({
  name: "queries of HLS players",
  seeds: bytesOf([
    "?_HLS_msn=12&_HLS_part=3",
    "?_HLS_skip=v2",
    "?_HLS_msn=-1",
    "?hls_ctx=ab12cd34&CMCD=bl%3D5%2Cnor%3D%22x%22"
  ]),
  run: (input) => {
    const query = parseQuery(textOf(input))
    const until = readDirectives(query)?.until
    if (until !== undefined && !(until.sequence >= 0 && (until.part ?? 0) >= 0)) throw new Error("a negative position")
    const report = reportOf(query, new Map([["cmcd-request", textOf(input)]]))
    if (report.length > maxReportLength) throw new Error("a report above its limit")
    readReport(report)
  }
})

fuzz({
  name: "names of segments",
  seeds: bytesOf(["live/a-1.ts", "../a/../../b.ts", "http://x/y.ts", "a%2e%2e/b"]),
  run: (input) => {
    const uri = textOf(input)
    const file = fileOfUri("", "live/a.m3u8", uri)
    if (file === undefined || !isSafePath(file)) return
    if (path.posix.normalize(file).split("/")[0] === "..") throw new Error(`${file} leaves its directory`)
  }
})

fuzz({ name: "openings of FLV files", seeds: flvFiles, run: (input) => void flvOpening(input) })

const fixtures = path.resolve(import.meta.dirname, "../fixtures/ts")
const clips = fs
  .readdirSync(fixtures)
  .filter((file) => file.endsWith(".mpegts"))
  .flatMap((file) => {
    const bytes = fs.readFileSync(path.join(fixtures, file))
    // The tables with what follows, from the beginning and from the middle.
    const middle = 188 * Math.floor(bytes.length / 188 / 2)
    return [
      bytes.subarray(0, 188 * 8),
      Buffer.concat([bytes.subarray(0, 188 * 3), bytes.subarray(middle, middle + 940)])
    ]
  })

fuzz({
  name: "transport streams",
  seeds: clips,
  run: (input) => {
    const demux = new TsFrames()
    const emit = ({ bytes, dataStart, end, start }: MediaFrame) => {
      if (!(start >= 0 && start < dataStart && dataStart <= end && end <= bytes.length)) throw new Error("no frame")
    }
    const half = input.length >> 1
    demux.push(input.subarray(0, half), emit)
    demux.push(input.subarray(half), emit)
    demux.end(emit)
  }
})

for (const [name, kind] of [
  ["tracks of sound", Kind.Audio],
  ["tracks of pictures", Kind.Video]
] as const) {
  fuzz({
    name,
    seeds: tagBodies(kind),
    run: (input) => {
      const tracks = new Tracks()
      new TagBodyReader().read(kind, 1, input, 0, input.length, (facts) => {
        tracks.learn(new MediaFrame(facts))
      })
      if (tracks.all.length > 0) initSegment(tracks.all)
    }
  })
}
