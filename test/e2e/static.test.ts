import { expect, test } from "bun:test"
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { decode, decodeFile } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { Program } from "../support/program.ts"
import { type Runtime, type Server, withServer } from "../support/server.ts"

/** Not a multiple of any buffer. */
const big = Buffer.alloc(20_000_003, "sluice ")

const fill = async (server: Server): Promise<string> => {
  const { path } = await clip("h264Aac")
  const html = join(server.directory, "objs/nginx/html")
  mkdirSync(join(html, "vod"), { recursive: true })
  await using remux = new Program(["ffmpeg", "-v", "error", "-i", path, "-c", "copy", join(html, "clip.mp4")])
  await remux.succeeded()
  writeFileSync(join(html, "big.bin"), big)
  writeFileSync(join(html, "vod/a.flv"), await Bun.file(path).bytes())
  symlinkSync(join(server.directory, "server.conf"), join(html, "out.txt"))
  return path
}

const curl = async (...words: ReadonlyArray<string>): Promise<string> => {
  await using program = new Program(["curl", "-sS", ...words])
  await program.succeeded()
  return program.out.text()
}

const sum = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex")

for (const runtime of ["bun", "deno", "node"] satisfies ReadonlyArray<Runtime>) {
  test(
    `${runtime}: files whole and in parts, and no way out of the directory`,
    withServer({ runtime }, async (server) => {
      await fill(server)
      const whole = await fetch(server.http("big.bin"))
      expect(whole.headers.get("content-length")).toBe(String(big.length))
      expect(sum(await whole.bytes())).toBe(sum(big))
      const range = { headers: { Range: "bytes=1000000-5000000" } }
      const part = await fetch(server.http("big.bin"), range)
      expect(part.status).toBe(206)
      expect(sum(await part.bytes())).toBe(sum(big.subarray(1_000_000, 5_000_001)))
      const known = { headers: { "If-None-Match": whole.headers.get("etag")! } }
      expect((await fetch(server.http("big.bin"), known)).status).toBe(304)
      expect(await curl("--head", server.http("big.bin"))).toContain(`Content-Length: ${big.length}`)
      for (const path of ["../server.conf", "%2e%2e/server.conf", "..%2f..%2f..%2fserver.conf", "out.txt", "a%00"]) {
        const text = await curl("--path-as-is", "-w", "%{http_code}", server.http(path))
        expect(`${path} ${text}`).toMatch(/ (?:Not Found404|Bad Request400)$/)
      }
    })
  )
}

test(
  "FFmpeg plays an MP4, seeks in it, and plays an FLV from a byte",
  withServer({ vhost: "http_static { enabled on; mount [vhost]/vod; dir ./objs/nginx/html/vod; }" }, async (server) => {
    const original = await decodeFile(await fill(server))
    const mp4 = await decode(server.http("clip.mp4"), 80)
    expect(mp4.complaints).toEqual([])
    expect(mp4.pictures.map((line) => line.split(",").at(-1))).toEqual(
      original.pictures.slice(0, 80).map((line) => line.split(",").at(-1))
    )
    const sought = await decode(server.http("clip.mp4"), 10, { input: ["-ss", "3"] })
    expect(sought.complaints).toEqual([])
    expect(sought.pictures.length).toBe(10)
    const { tags } = await clip("h264Aac")
    const keyframe = tags.filter(({ type, body }) => type === 9 && body[0] === 0x17 && body[1] === 1)[2]!
    const file = await fetch(server.http("vod/a.flv")).then((answer) => answer.bytes())
    const start = Buffer.from(file).indexOf(keyframe.body) - 11
    const flv = await decode(server.http(`vod/a.flv?start=${start}`), 30)
    expect(flv.complaints).toEqual([])
    expect(flv.pictures[0]?.split(",").at(-1)).toBe(original.pictures[50]!.split(",").at(-1)!)
  })
)

test(
  "a client that takes a file slowly costs no memory",
  withServer({}, async (server) => {
    await fill(server)
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.program.pid}/status`, "utf8"))![1])
    const before = rss()
    const leaving = new AbortController()
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await fetch(server.http("big.bin"), { signal: leaving.signal })
        await answer.body!.getReader().read()
      })
    )
    expect(rss() - before).toBeLessThan(100_000)
    // Bun keeps the connection of a reader that is only cancelled.
    leaving.abort()
  })
)
