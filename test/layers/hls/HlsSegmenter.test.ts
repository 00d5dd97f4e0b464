import { describe, expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { playlistText } from "../../../src/domain/hls/Playlist.ts"
import { diskTimeoutMillis } from "../../../src/layers/segments/SegmentStore.ts"
import { effect } from "../../support/effect.ts"
import { MemoryDisk } from "../../support/memoryDisk.ts"
import { files, harness, settle } from "./harness.ts"

describe("a stream", () => {
  effect("is segments and a list of them while it is published, and what left the list is removed", () =>
    Effect.gen(function* () {
      const { disk, listed, publish, written } = yield* harness({ hls: "hls_window 6;" })
      const publisher = yield* publish()
      yield* publisher.play(6200)
      expect(listed()).toEqual(["a-0.ts", "a-1.ts", "a-2.ts"])
      for (let i = 0; i < 10; i++) {
        yield* publisher.play(6000)
        listed()
      }
      expect(listed()).toEqual(["a-29.ts", "a-30.ts", "a-31.ts", "a-32.ts"])
      expect(files(disk).length).toBeLessThan(12)
      expect(written).toHaveLength(33)
      expect(written[1]).toMatchObject({ sequence: 1, durationMillis: 2000, file: "live/a-1.ts", uri: "a-1.ts" })
    })
  )

  effect("uses the memory of segments that are on disk again, never that of one that may still be on its way", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness({ hls: "hls_window 6;" })
      const buffers: Array<ArrayBufferLike> = []
      const stuck: Array<{ readonly bytes: Uint8Array; readonly before: Uint8Array }> = []
      const { writeFile } = disk
      const watched: typeof writeFile = (path, bytes, done) => {
        if (!path.includes(".ts")) return writeFile(path, bytes, done)
        buffers.push(bytes.buffer)
        if (buffers.length === 10) stuck.push({ bytes, before: bytes.slice() })
        else writeFile(path, bytes, done)
      }
      Object.assign(disk, { writeFile: watched })
      yield* (yield* publish()).play(2 * diskTimeoutMillis + 40_000)
      expect(buffers.length).toBeGreaterThan(20)
      expect(new Set(buffers).size).toBeLessThan(8)
      expect(buffers.slice(10)).not.toContain(stuck[0]!.bytes.buffer)
      expect(stuck[0]!.bytes).toEqual(stuck[0]!.before)
    })
  )

  effect("keeps its files without hls_cleanup", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness({ hls: "hls_window 6; hls_cleanup off;" })
      yield* (yield* publish()).play(60_200)
      expect(files(disk).filter((file) => file.endsWith(".ts"))).toHaveLength(30)
    })
  )

  effect("goes on with its numbers, behind a discontinuity, when its publisher comes back", () =>
    Effect.gen(function* () {
      const { listed, publish, texts } = yield* harness()
      const one = yield* publish()
      yield* one.play(4000)
      yield* one.leave
      expect(listed()).toEqual(["a-0.ts", "a-1.ts"])
      yield* TestClock.adjust(20_000)
      yield* (yield* publish()).play(4200)
      expect(listed()).toEqual(["a-0.ts", "a-1.ts", "a-2.ts", "a-3.ts"])
      expect(texts.at(-1)).toContain("a-1.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2.000, no desc\na-2.ts\n#EXTINF")
    })
  )

  effect("is disposed of after hls_dispose, and its numbers are not used again", () =>
    Effect.gen(function* () {
      const { disk, listed, publish } = yield* harness({ hls: "hls_dispose 30; hls_keys on; hls_use_fmp4 on;" })
      const one = yield* publish()
      yield* one.play(4200)
      yield* one.leave
      yield* TestClock.adjust(28_000)
      expect(files(disk).length).toBe(6)
      yield* TestClock.adjust(1000)
      yield* settle
      expect(files(disk)).toEqual([])
      yield* (yield* publish()).play(4200)
      expect(listed()).toEqual(["a-3.m4s", "a-4.m4s"])
    })
  )

  effect("that is silent is disposed of too, and begins anew when frames come", () =>
    Effect.gen(function* () {
      const { disk, listed, publish } = yield* harness({ hls: "hls_dispose 30;" })
      const one = yield* publish()
      yield* one.play(4200)
      yield* TestClock.adjust(40_000)
      yield* settle
      expect(files(disk)).toEqual([])
      yield* one.play(6000)
      expect(listed()[0]).toBe("a-2.ts")
    })
  )

  effect("is there before its first frame, whatever else is read", () =>
    Effect.gen(function* () {
      const { disk, listed, publish, written } = yield* harness({ hls: "hls_dispose 30;" })
      const { readFile } = disk
      const reading: Array<() => void> = []
      Object.assign(disk, { readFile: (...call: Parameters<typeof readFile>) => reading.push(() => readFile(...call)) })
      const one = yield* publish()
      yield* settle
      one.push([])
      expect(reading).not.toEqual([])
      for (const read of reading) read()
      yield* settle
      yield* one.play(4200)
      expect(listed()).toEqual(["a-0.ts", "a-1.ts"])
      expect(written.map(({ sequence }) => sequence)).toEqual([0, 1])
    })
  )

  effect("goes on after a restart of the server, from what is on disk", () =>
    Effect.gen(function* () {
      const one = yield* harness({ hls: "hls_keys on; hls_fragments_per_key 2;" })
      yield* (yield* one.publish()).play(5000)
      yield* one.shutdown
      const before = one.listed()
      expect(before).toEqual(["a-0.ts", "a-1.ts", "a-2.ts"])
      const two = yield* harness({ disk: one.disk, hls: "hls_keys on; hls_fragments_per_key 2;" })
      yield* (yield* two.publish()).play(4200)
      one.texts.push(...two.texts)
      expect(two.listed()).toEqual([...before, "a-3.ts", "a-4.ts"])
      one.listed()
      expect(two.texts[0]).toContain("#EXT-X-DISCONTINUITY\n#EXT-X-KEY")
    })
  )

  effect("that nobody publishes again after a restart is served, and disposed of in time", () =>
    Effect.gen(function* () {
      const one = yield* harness({ hls: "hls_ctx off; hls_dispose 30;" })
      yield* (yield* one.publish()).play(4200)
      yield* one.shutdown
      const two = yield* harness({ disk: one.disk, hls: "hls_ctx off; hls_dispose 30;" })
      yield* settle
      expect(yield* two.body("/live/a.m3u8")).toContain("a-1.ts\n")
      expect(yield* two.ask("/live/a-1.ts")).toStartWith("HTTP/1.1 200 ")
      expect(yield* two.ask("/.sluice-hls.json")).toStartWith("HTTP/1.1 404 ")
      yield* TestClock.adjust(31_000)
      yield* TestClock.adjust(2000)
      expect([...one.disk.files.keys()]).toEqual([])
      expect(yield* two.ask("/live/a.m3u8")).toStartWith("HTTP/1.1 404 ")
    })
  )

  effect("with a name that is none of a file has no HLS, and harms nobody", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness()
      yield* (yield* publish("../../etc/x")).play(4200)
      expect(files(disk)).toEqual([])
    })
  )

  effect("is in memory with hls_storage memory", () =>
    Effect.gen(function* () {
      const { body, disk, publish } = yield* harness({ hls: "hls_storage memory; hls_ctx off;" })
      yield* (yield* publish()).play(4200)
      expect(disk.calls).toBe(0)
      expect(yield* body("/live/a.m3u8")).toContain("a-0.ts")
      expect((yield* body("/live/a-0.ts")).slice(0, 1)).toBe("G")
    })
  )
})

describe("when the disk", () => {
  for (const fault of ["WriteZero", "PermissionDenied"] as const) {
    effect(`fails for a while (${fault}), live goes on and the list has a discontinuity for what was lost`, () =>
      Effect.gen(function* () {
        const { disk, listed, publish, texts } = yield* harness()
        const publisher = yield* publish()
        yield* publisher.play(4200)
        disk.fault = (call) => (call === "writeFile" ? fault : undefined)
        yield* publisher.play(4000)
        disk.fault = () => undefined
        yield* publisher.play(4000)
        expect(listed()).toEqual(["a-0.ts", "a-1.ts", "a-2.ts", "a-3.ts"])
        expect(texts[0]).toContain("a-1.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2.000, no desc\na-2.ts")
        expect(files(disk).filter((file) => file.endsWith(".tmp"))).toEqual([])
      })
    )
  }

  effect("is stuck, segments beyond the bound are lost, and it goes on when the disk does", () =>
    Effect.gen(function* () {
      const { disk, listed, publish } = yield* harness({ hls: "hls_window 600;" })
      const publisher = yield* publish()
      yield* publisher.play(4200)
      disk.fault = () => "stuck"
      yield* publisher.play(120_000)
      disk.fault = () => undefined
      yield* TestClock.adjust(diskTimeoutMillis)
      yield* publisher.play(10_000)
      const names = listed()
      expect(names.slice(0, 2)).toEqual(["a-0.ts", "a-1.ts"])
      expect(names.length).toBeGreaterThan(10)
      expect(names.length).toBeLessThan(45)
    })
  )

  effect("refuses to remove files, they are removed later", () =>
    Effect.gen(function* () {
      const { disk, publish } = yield* harness({ hls: "hls_window 6;" })
      const publisher = yield* publish()
      disk.fault = (call) => (call === "remove" ? "PermissionDenied" : undefined)
      yield* publisher.play(60_200)
      expect(files(disk).length).toBe(31)
      disk.fault = () => undefined
      yield* publisher.play(4000)
      expect(files(disk).length).toBeLessThan(12)
    })
  )

  effect("loses a segment under us, the others are served", () =>
    Effect.gen(function* () {
      const { ask, disk, publish } = yield* harness({ hls: "hls_ctx off;" })
      const publisher = yield* publish()
      yield* publisher.play(6200)
      disk.files.delete("/hls/live/a-1.ts")
      expect(yield* ask("/live/a-1.ts")).toStartWith("HTTP/1.1 404 ")
      expect(yield* ask("/live/a-2.ts")).toStartWith("HTTP/1.1 200 ")
      yield* publisher.play(60_000)
      expect(yield* ask("/live/a.m3u8")).toStartWith("HTTP/1.1 200 ")
    })
  )
})

describe("hls_on_error", () => {
  effect("ignore switches HLS off until the next publish", () =>
    Effect.gen(function* () {
      const { disk, listed, publish } = yield* harness({ hls: "hls_on_error ignore;" })
      const one = yield* publish()
      yield* one.play(4200)
      disk.fault = () => "PermissionDenied"
      yield* one.play(4000)
      disk.fault = () => undefined
      yield* one.play(8000)
      expect(listed()).toEqual(["a-0.ts", "a-1.ts"])
      yield* one.leave
      yield* (yield* publish()).play(4200)
      expect(listed()).toHaveLength(4)
    })
  )
})

describe("a reload", () => {
  effect("is all that makes a stream look at its settings: frames do not", () =>
    Effect.gen(function* () {
      const { change, lookups, publish } = yield* harness({ hls: "hls_window 6;" })
      for (const enabled of [true, false]) {
        yield* change({ enabled })
        const publisher = yield* publish(`a${enabled}`)
        const before = lookups()
        yield* publisher.play(20_000)
        expect(lookups() - before).toBe(0)
      }
    })
  )

  effect("switches HLS on and off for streams that are published", () =>
    Effect.gen(function* () {
      const { change, disk, listed, publish } = yield* harness()
      yield* change({ enabled: false })
      const publisher = yield* publish()
      yield* publisher.play(4200)
      expect(files(disk)).toEqual([])
      yield* change({ enabled: true })
      yield* publisher.play(4200)
      expect(listed()).toEqual(["a-0.ts", "a-1.ts"])
      yield* change({ enabled: false })
      yield* publisher.play(8000)
      expect(listed().length).toBeLessThanOrEqual(3)
    })
  )

  effect("changes the length of segments, and the numbers go on", () =>
    Effect.gen(function* () {
      const { change, listed, publish } = yield* harness()
      const publisher = yield* publish()
      yield* publisher.play(4200)
      yield* change({ fragmentMillis: 1000 })
      yield* publisher.play(5000)
      expect(listed()[0]).toBe("a-0.ts")
      expect(listed().length).toBeGreaterThan(5)
    })
  )

  for (const next of [{ path: "/other" }, { storage: "memory" }, { playlistFile: "[app]/x/[stream].m3u8" }] as const) {
    effect(`moves the output to ${JSON.stringify(next)}: the old files go, the numbers go on`, () =>
      Effect.gen(function* () {
        const { body, change, disk, publish } = yield* harness({ hls: "hls_ctx off;" })
        const publisher = yield* publish()
        yield* publisher.play(4200)
        yield* change(next)
        yield* publisher.play(6200)
        const list = yield* body("playlistFile" in next ? "/live/x/a.m3u8" : "/live/a.m3u8")
        expect(list).toMatch(/#EXT-X-MEDIA-SEQUENCE:[23]\n/)
        expect(files(disk)).not.toContain("/hls/live/a-0.ts")
        expect(files(disk)).not.toContain("/hls/live/a.m3u8")
      })
    )
  }
})

effect("ten thousand segments are removed, and a stream that comes meanwhile is not harmed", () =>
  Effect.gen(function* () {
    const disk = new MemoryDisk()
    const segments = Array.from({ length: 10_000 }, (_, i) => ({
      uri: `a-${i}.ts`,
      durationMillis: 2000,
      discontinuity: false,
      key: undefined,
      map: undefined
    }))
    for (const { uri } of segments) disk.files.set(`/hls/live/${uri}`, new Uint8Array(188))
    const text = playlistText({ mediaSequence: 0, discontinuitySequence: 0, targetDuration: 2, segments })
    disk.files.set("/hls/live/a.m3u8", new TextEncoder().encode(text))
    disk.folders.add("/hls/live")
    const { publish, listed } = yield* harness({ disk, hls: "hls_dispose 30;" })
    const one = yield* publish()
    yield* one.play(4200)
    expect(disk.text("/hls/live/a.m3u8")).toEndWith("a-10001.ts\n")
    yield* one.leave
    yield* TestClock.adjust(31_000)
    const two = yield* publish("b")
    yield* two.play(4200)
    expect(files(disk)).toEqual(["/hls/live/b-0.ts", "/hls/live/b-1.ts", "/hls/live/b.m3u8"])
    expect(listed("b")).toEqual(["b-0.ts", "b-1.ts"])
  })
)
