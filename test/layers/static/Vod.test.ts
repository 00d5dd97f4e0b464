/** Files on a real disk as HLS on the fly. */
import { expect, test } from "bun:test"
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { vodPath } from "../../../src/domain/vod/vodPlaylist.ts"
import { Bounded } from "../../../src/layers/static/Bounded.ts"
import { makeVod } from "../../../src/layers/static/Vod.ts"
import { effect } from "../../support/effect.ts"
import { read } from "../../domain/vod/vod.ts"

const harness = Effect.gen(function* () {
  const base = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-vod-"))),
    (base) => Effect.sync(() => rmSync(base, { recursive: true, force: true }))
  )
  const vod = yield* makeVod
  const ask = (path: string) =>
    vod.serve(base, vodPath(path)!, 400).pipe(
      Effect.map((answer) => {
        if (answer === undefined) return undefined
        const { body, headers, status } = answer
        return { status, bytes: body as Uint8Array, text: String(body), type: new Map(headers).get("Content-Type") }
      }),
      Effect.scoped
    )
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(base, name), bytes)
  return { ask, base, put, vod }
})

const segmentsIn = (text: string) => text.match(/^\d+\.m4s$/gm)?.length ?? 0

effect("a file is a list, an init segment and segments; nothing else below it is anything", () =>
  Effect.gen(function* () {
    const { ask, put } = yield* harness
    put("a.flv", read("flv/h264-aac.flv"))
    const list = yield* ask("a.flv/index.m3u8")
    expect([list!.status, list!.type, segmentsIn(list!.text)]).toEqual([200, "application/vnd.apple.mpegurl", 3])
    const first = yield* ask("a.flv/0.m4s")
    expect([first!.type, first!.bytes.length > 1000]).toEqual(["video/mp4", true])
    expect((yield* ask("a.flv/init-0.m4s"))!.bytes.length).toBeGreaterThan(500)
    for (const path of ["a.flv/3.m4s", "a.flv/init-1.m4s", "b.flv/index.m3u8"]) expect(yield* ask(path)).toBeUndefined()
  })
)

effect("many who ask at once wait for one look at the file, and have one segment made", () =>
  Effect.gen(function* () {
    const { ask, put, vod } = yield* harness
    put("a.ts", read("ts/ffmpeg-h264-aac.mpegts"))
    const lists = yield* Effect.forEach(Array.from({ length: 100 }), () => ask("a.ts/index.m3u8"), {
      concurrency: "unbounded"
    })
    expect(new Set(lists.map((list) => list!.text)).size).toBe(1)
    const made = yield* Effect.forEach(Array.from({ length: 100 }), () => ask("a.ts/0.m4s"), {
      concurrency: "unbounded"
    })
    // The very same bytes.
    expect(new Set(made.map((segment) => segment!.bytes)).size).toBe(1)
    expect(vod.weights().known).toBeGreaterThan(0)
    expect(vod.weights().made).toBeGreaterThan(1000)
  })
)

effect("another file of the same name is another file", () =>
  Effect.gen(function* () {
    const { ask, put } = yield* harness
    put("a.ts", read("ts/ffmpeg-h264-aac.mpegts"))
    const before = (yield* ask("a.ts/0.m4s"))!.bytes
    put("a.ts", read("ts/ffmpeg-hevc-opus.mpegts"))
    expect((yield* ask("a.ts/0.m4s"))!.bytes).not.toEqual(before)
  })
)

effect("a file that gets shorter while it is played, that is none, or that lies outside, is not there", () =>
  Effect.gen(function* () {
    const { ask, base, put } = yield* harness
    const bytes = read("flv/h264-aac.flv")
    put("a.flv", bytes)
    yield* ask("a.flv/index.m3u8")
    truncateSync(join(base, "a.flv"), 1000)
    expect(yield* ask("a.flv/2.m4s")).toBeUndefined()
    put("text.mp4", new TextEncoder().encode("not a movie"))
    put("empty.ts", new Uint8Array(0))
    for (const name of ["text.mp4", "empty.ts"]) expect(yield* ask(`${name}/index.m3u8`)).toBeUndefined()
    symlinkSync("/etc/passwd", join(base, "out.flv"))
    expect(yield* ask("out.flv/index.m3u8")).toBeUndefined()
  })
)

test("what is kept weighs no more than the limit, and goes in the order of its last use", () => {
  const kept = new Bounded<number>(10)
  kept.put("a", 1, 4)
  kept.put("b", 2, 4)
  expect(kept.get("a")).toBe(1)
  kept.put("c", 3, 4)
  expect([kept.has("a"), kept.has("b"), kept.has("c"), kept.weight]).toEqual([true, false, true, 8])
  kept.put("c", 4, 1)
  expect([kept.get("c"), kept.weight]).toEqual([4, 5])
  kept.put("d", 5, 11)
  expect([kept.has("d"), kept.weight]).toEqual([false, 0])
})
