/** The load generator's HLS player behaves as one, and finds errors planted in lists and segments served here. */
import { expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { type AddressInfo, createServer } from "node:net"

import { compile } from "../../bench/load/compile.ts"
import type { PlayReport } from "../../bench/load/report.ts"

/** What is at a path, the first time, the second …; the last one stays. */
type Site = Readonly<Record<string, ReadonlyArray<string | Uint8Array>>>

interface Watched {
  readonly report: PlayReport
  /** Paths in the order they were asked for. */
  readonly asked: ReadonlyArray<string>
  readonly connections: number
}

const answer = (body: string | Uint8Array, head: string): Uint8Array => {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from(`${head}\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes])
}

/** One checked player of `/live/s.m3u8` for two seconds. */
const watch = async (site: Site, head = "HTTP/1.1 200 OK"): Promise<Watched> => {
  const asked: Array<string> = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on("error", () => socket.destroy())
    socket.on("data", (data) => {
      const path = data.toString().split(" ")[1] ?? ""
      const bodies = site[path] ?? []
      const body = bodies[Math.min(asked.filter((each) => each === path).length, bodies.length - 1)]
      asked.push(path)
      socket.write(body === undefined ? answer("", "HTTP/1.1 404 Not Found") : answer(body, head))
    })
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })
  const target = ["role=play", "proto=hls", "host=127.0.0.1", `port=${port}`, "path=/live/s.m3u8"]
  const output = await new Promise<string>((resolve) => {
    const child = spawn(compile(), [...target, "seconds=2", "settle=0", "check=1", "start=2"])
    let stdout = ""
    child.stdout.on("data", (data) => (stdout += data))
    child.on("close", () => resolve(stdout))
  })
  server.close()
  return { report: JSON.parse(output), asked, connections }
}

const list = (sequence: number, uris: ReadonlyArray<string>, tags = ""): string =>
  [
    "#EXTM3U",
    "#EXT-X-TARGETDURATION:1",
    `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
    ...uris.flatMap((uri) => [`${tags}#EXTINF:1.000,`, uri])
  ].join("\n")

/** A transport stream of a PAT and one packet of a picture at this time, in units of 1/90000 s (ISO/IEC 13818-1 §2.4.3). */
const segment = (time: number, counter: number, pid = 0): Uint8Array => {
  const table = Buffer.alloc(188, 0xff)
  table.set([0x47, 0x40 | (pid >> 8), pid & 255, 0x10 | (counter & 15), 0, 0])
  const picture = Buffer.alloc(188, 0xff)
  const pts = [
    0x21 | ((time >> 29) & 14),
    (time >> 22) & 255,
    ((time >> 14) & 254) | 1,
    (time >> 7) & 255,
    (time << 1) & 255
  ]
  picture.set([0x47, 0x41, 0, 0x10 | (counter & 15), 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, ...pts.with(4, pts[4]! | 1)])
  return Buffer.concat([table, picture])
}

const second = 90_000
const good = {
  "/live/a.ts": [segment(0, 0)],
  "/live/b.ts": [segment(second, 1)],
  "/live/c.ts": [segment(2 * second, 2)]
}
const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/live/s.m3u8?hls_ctx=x\n"

test("goes by the master list to its own, begins three segments before the end, gets each new one once", async () => {
  const watched = await watch({
    ...good,
    "/live/s.m3u8": [master],
    "/live/s.m3u8?hls_ctx=x": [
      list(7, ["z.ts", "a.ts", "b.ts", "/live/c.ts"]),
      list(8, ["a.ts", "b.ts", "/live/c.ts", "d.ts"])
    ],
    "/live/d.ts": [segment(3 * second, 3)]
  })
  expect(watched.asked.slice(0, 7)).toEqual([
    "/live/s.m3u8",
    "/live/s.m3u8?hls_ctx=x",
    "/live/a.ts",
    "/live/b.ts",
    "/live/c.ts",
    "/live/s.m3u8?hls_ctx=x",
    "/live/d.ts"
  ])
  expect(watched.connections).toBe(1)
  const { checked, hls, open } = watched.report
  expect([open, checked.errors, checked.reasons, hls?.leastPlayed]).toEqual([1, 0, [], 1])
})

const box = (type: string, length: number): Uint8Array => {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32BE(length)
  bytes.write(type, 4)
  return bytes
}
const fragment = Buffer.concat([box("styp", 24), box("moof", 100), box("mdat", 1000)])

test("gets an init segment before the first segment that needs it", async () => {
  const map = '#EXT-X-MAP:URI="i.mp4"\n'
  const watched = await watch({
    "/live/s.m3u8": [list(0, ["a.m4s", "b.m4s"], map)],
    "/live/i.mp4": [box("ftyp", 24)],
    "/live/a.m4s": [fragment],
    "/live/b.m4s": [fragment]
  })
  expect(watched.asked.slice(0, 4)).toEqual(["/live/s.m3u8", "/live/i.mp4", "/live/a.m4s", "/live/b.m4s"])
  expect([watched.report.open, watched.report.checked.reasons]).toEqual([1, []])
})

test("a player whose list stands still has nothing to play in the end", async () => {
  const { report } = await watch({ "/live/s.m3u8": [list(0, ["a.ts"]).replaceAll("1.000", "0.250")], ...good })
  expect(report.hls!.leastPlayed).toBeGreaterThan(0)
  expect(report.hls!.leastPlayed).toBeLessThan(0.5)
})

const three = { "/live/s.m3u8": [list(0, ["a.ts", "b.ts", "c.ts"])] }
const broken: ReadonlyArray<[what: string, site: Site, head?: string]> = [
  ["HTTP status is not 200", {}],
  ["not a playlist", { "/live/s.m3u8": ["hello"] }],
  ["playlist without a target duration", { "/live/s.m3u8": ["#EXTM3U\n#EXTINF:1,\na.ts\n"] }],
  ["segment without a duration", { "/live/s.m3u8": ["#EXTM3U\n#EXT-X-TARGETDURATION:1\na.ts\n"] }],
  ["segment longer than the target duration", { "/live/s.m3u8": [list(0, ["a.ts"]).replace("1.000", "1.501")] }],
  ["master playlist without a variant", { "/live/s.m3u8": ["#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"] }],
  ["the connection is not kept alive", { ...three, ...good }, "HTTP/1.1 200 OK\r\nConnection: close"],
  ["segment does not begin with a PAT", { ...three, ...good, "/live/a.ts": [segment(0, 0, 5)] }],
  ["continuity counter jumps", { ...three, ...good, "/live/b.ts": [segment(second, 3)] }],
  ["times of a segment do not follow those of the one before", { ...three, ...good, "/live/b.ts": [segment(0, 1)] }],
  ["segment ends within a packet or box", { ...three, ...good, "/live/a.ts": [segment(0, 0).subarray(0, 300)] }],
  ["empty segment", { ...three, ...good, "/live/a.ts": [""] }],
  ["media sequence goes back", { ...good, "/live/s.m3u8": [list(3, ["a.ts"]), list(2, ["b.ts", "a.ts"])] }],
  [
    "segment left the list before it was got",
    { ...good, "/live/s.m3u8": [list(0, ["a.ts"]), list(5, ["b.ts"])], "/live/b.ts": [segment(second, 1)] }
  ]
]

test("finds planted errors in lists and segments", async () => {
  const found = await Promise.all(broken.map(([, site, head]) => watch(site, head)))
  expect(found.map(({ report }) => report.checked.reasons[0]?.what)).toEqual(broken.map(([what]) => what))
})
