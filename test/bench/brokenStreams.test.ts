/** The load generator compiles, refuses foreign addresses, and finds errors planted in streams served here. */
import { expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { type AddressInfo, createServer, type Socket } from "node:net"

import { compile } from "../../bench/load/compile.ts"
import type { PlayReport } from "../../bench/load/report.ts"

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""))

interface Outcome {
  readonly code: number | null
  readonly stderr: string
  readonly report: PlayReport | undefined
}

const generator = (args: ReadonlyArray<string>): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(compile(), args)
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (data) => (stdout += data))
    child.stderr.on("data", (data) => (stderr += data))
    child.on("close", (code) => resolve({ code, stderr, report: stdout === "" ? undefined : JSON.parse(stdout) }))
  })

/** One viewer of a server that answers the first bytes of each connection with `serve`; it stays open for a second. */
const view = async (proto: string, path: string, serve: (socket: Socket) => void): Promise<PlayReport> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => socket.destroy()))
    serve(socket)
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })
  const target = [`proto=${proto}`, "host=127.0.0.1", `port=${port}`, `path=${path}`]
  const { report } = await generator(["role=play", ...target, "seconds=1", "settle=0", "check=1", "start=2"])
  for (const socket of sockets) socket.destroy()
  server.close()
  return report!
}

const answer =
  (...parts: ReadonlyArray<Uint8Array>) =>
  (socket: Socket) => {
    socket.once("data", () => socket.write(Buffer.concat(parts)))
  }

// FLV (Adobe FLV 10.1 annex E), typed by hand.
const flvHeader = hex("464c56 01 05 00000009 00000000")
const avcHeader = hex("09 00000f 000000 00 000000  17 00 000000 01 640028 ff e1 0001 67 00  0000001a")
const video = (time: string, nal = "00000002 6588") => {
  const body = hex(`17 01 000000 ${nal}`)
  const length = body.length.toString(16).padStart(6, "0")
  const trailer = (body.length + 11).toString(16).padStart(8, "0")
  return Buffer.concat([hex(`09 ${length} ${time} 00 000000`), body, hex(trailer)])
}
const plainHead = Buffer.from("HTTP/1.1 200 OK\r\n\r\n")
const marked = (sequence: string) =>
  `00000002 6588 0000001b 0c ${Buffer.from("SLUICEmk").toString("hex")} ${sequence} 4040404040404040404040 80`

const flvCases: ReadonlyArray<[what: string, stream: ReadonlyArray<Uint8Array>]> = [
  ["not an FLV header", [hex("464c57 01 05 00000009 00000000"), avcHeader]],
  ["FLV data offset is not 9", [hex("464c56 01 05 0000000a 00000000"), avcHeader]],
  ["unknown FLV tag type", [flvHeader, avcHeader, hex("0a 000001 000000 00 000000")]],
  ["FLV stream id is not 0", [flvHeader, hex("09 000001 000000 00 000001")]],
  ["wrong previous tag size", [flvHeader, avcHeader.with(avcHeader.length - 1, 0x1b)]],
  ["video time goes back", [flvHeader, avcHeader, video("000028"), video("000027")]],
  ["video frame before its sequence header", [flvHeader, video("000000")]],
  ["NAL units do not fill the video frame", [flvHeader, avcHeader, video("000000", "00000003 6588")]],
  ["unknown video frame type", [flvHeader, hex("09 000005 000000 00 000000 0701000000 00000010")]],
  [
    "marked frame out of order",
    [flvHeader, avcHeader, video("000000", marked("404040404042")), video("000028", marked("404040404041"))]
  ],
  ["video frame without its mark", [flvHeader, avcHeader, video("000000", marked("404040404042")), video("000028")]]
]

test("finds planted errors in FLV over HTTP", async () => {
  const found = await Promise.all(
    flvCases.map(([, stream]) => view("http", "/live/s.flv", answer(plainHead, ...stream)))
  )
  expect(found.map((report) => report.checked.reasons[0]?.what)).toEqual(flvCases.map(([what]) => what))
})

const httpChunk = (body: Uint8Array) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")])
const chunkedHead = Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
const webSocketHead = Buffer.from(
  "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
const frame = (body: Uint8Array) => Buffer.concat([Uint8Array.of(0x82, body.length), body])

test("accepts right streams, plain, chunked and over WebSocket, and counts skipped frames", async () => {
  const tags = [flvHeader, avcHeader, video("000000", marked("404040404041")), video("000028", marked("404040404044"))]
  const reports = await Promise.all([
    view("http", "/live/s.flv", answer(plainHead, ...tags)),
    view("http", "/live/s.flv", answer(chunkedHead, ...tags.map(httpChunk))),
    view("ws", "/live/s.flv", answer(webSocketHead, ...tags.map(frame)))
  ])
  for (const report of reports) {
    expect([report.open, report.failed, report.checked.errors, report.checked.frames]).toEqual([1, 0, 0, 2])
    expect(report.checked.skippedFrames).toBe(2)
  }
})

test("finds broken HTTP and WebSocket framing", async () => {
  const reports = await Promise.all([
    view("http", "/live/s.flv", answer(Buffer.from("HTTP/1.1 404 Not Found\r\n\r\n"))),
    view("http", "/live/s.flv", answer(chunkedHead, Buffer.from("zz\r\n"))),
    view("http", "/live/s.flv", answer(chunkedHead, Buffer.from("1\r\nFxx\r\n"))),
    view("ws", "/live/s.flv", answer(Buffer.from("HTTP/1.1 101 Switching Protocols\r\n\r\n"))),
    view("ws", "/live/s.flv", answer(webSocketHead, hex("81 01 46"))),
    view("ws", "/live/s.flv", answer(webSocketHead, hex("82 81 00000000 46")))
  ])
  expect(reports.map((report) => report.firstFailure)).toEqual([
    "HTTP status is not 200",
    "malformed HTTP chunk size",
    "no CRLF after an HTTP chunk",
    "wrong Sec-WebSocket-Accept",
    "WebSocket frame is not binary",
    "masked WebSocket frame from the server"
  ])
})

// RTMP 1.0: §5.2 handshake, §5.3 chunks, AMF0 replies to connect, createStream and play, typed by hand.
const resultOfConnect = "03 000000 000013 14 00000000  02 0007 5f726573756c74  00 3ff0000000000000"
const resultOfCreate =
  "03 000000 00001d 14 00000000  02 0007 5f726573756c74  00 4010000000000000  05  00 3ff0000000000000"
const rtmpAvcHeader = "06 000000 00000f 09 01000000  17 00 000000 01 640028 ff e1 0001 67 00"
const rtmpVideo = "06 000028 00000b 09 01000000  17 01 000000 00000002 6588"

/** Answers each step of a player as a server does, then sends `media`. */
const rtmp = (media: string) => (socket: Socket) => {
  const steps: Array<[asked: RegExp, answer: Uint8Array]> = [
    [/^/, Buffer.concat([Uint8Array.of(3), Buffer.alloc(3072)])],
    [/connect/, hex(resultOfConnect)],
    [/createStream/, hex(resultOfCreate)],
    [/play/, hex(media)]
  ]
  socket.on("data", (data) => {
    const asked = data.toString("latin1")
    if (steps[0]?.[0].test(asked)) socket.write(steps.shift()![1])
  })
}

const rtmpCases: ReadonlyArray<[what: string, media: string]> = [
  ["first chunk of a chunk stream is not of type 0", "46 000000 00000f 09"],
  [
    "a new message header inside an unfinished message",
    `02 000000 000004 01 00000000 0000000a ${rtmpVideo.slice(0, -2)} 06 000000 00000b 09 01000000`
  ],
  ["Set Chunk Size is not 4 bytes long", "02 000000 000003 01 00000000 000080"],
  ["chunk size out of range", "02 000000 000004 01 00000000 00000000"],
  ["unknown message type", `${rtmpAvcHeader} 06 000000 000001 63 01000000 00`],
  ["media on a foreign message stream", "06 000000 00000f 09 02000000  17 00 000000 01 640028 ff e1 0001 67 00"],
  ["video time goes back", `${rtmpAvcHeader} ${rtmpVideo} ${rtmpVideo.replace("000028", "000027")}`],
  ["NAL units do not fill the video frame", `${rtmpAvcHeader} ${rtmpVideo.replace("00000002 6588", "00000001 6588")}`]
]

test("finds planted errors in RTMP chunks and messages", async () => {
  const found = await Promise.all(rtmpCases.map(([, media]) => view("rtmp", "live/s", rtmp(media))))
  expect(found.map((report) => report.checked.reasons[0]?.what)).toEqual(rtmpCases.map(([what]) => what))
})

test("reads every chunk header type, extended timestamps and interleaved chunk streams", async () => {
  const report = await view(
    "rtmp",
    "live/s",
    rtmp(
      [
        "02 000000 000004 01 00000000 00000008",
        // The AVC header in two chunks of 8 bytes, with an AAC header (fmt 0 on chunk stream 4) in between.
        "06 000000 00000f 09 01000000  17 00 000000 01 6400  04 000000 000004 08 01000000 af00 1210  c6 28 ff e1 0001 67 00",
        // fmt 0 with an extended timestamp, which its fmt 3 continuation repeats.
        "06 ffffff 00000b 09 01000000 01000000  17 01 000000 000000  c6 01000000 02 6588",
        // fmt 1, fmt 2, and fmt 3 as a new message.
        "46 000028 00000b 09  17 01 000000 000000  c6 02 6588",
        "86 000028  17 01 000000 000000  c6 02 6588",
        "c6  17 01 000000 000000  c6 02 6588",
        // Basic headers of two and three bytes.
        "00 10 000001 000004 08 01000000 af01 2110  01 10 01 000002 000004 08 01000000 af01 2110"
      ].join(" ")
    )
  )
  expect([report.open, report.checked.frames, report.checked.reasons]).toEqual([1, 6, []])
})

test("stays on this machine unless told otherwise", async () => {
  const { code, report, stderr } = await generator([
    "role=play",
    "proto=rtmp",
    "host=192.0.2.1",
    "port=1935",
    "path=live/s"
  ])
  expect([code, report, stderr]).toEqual([
    2,
    undefined,
    "load: 192.0.2.1 is not a loopback address; --remote allows it\n"
  ])
})

test("an unknown argument is wrong use", async () => {
  expect((await generator(["role=play", "speed=9"])).code).toBe(2)
})
