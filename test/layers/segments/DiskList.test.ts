import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { readMillis } from "../../../src/layers/segments/DiskList.ts"
import { diskTimeoutMillis, layerOn } from "../../../src/layers/segments/SegmentStore.ts"
import { SegmentStore } from "../../../src/services/SegmentStore.ts"
import { effect } from "../../support/effect.ts"
import { type Fault, MemoryDisk } from "../../support/memoryDisk.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const path = "/root/live/a.m3u8"
const hidden = ["/root/live/.a.m3u8.0", "/root/live/.a.m3u8.1"]

const harness = Effect.fnUntraced(function* (disk = new MemoryDisk()) {
  const list = Context.get(yield* Layer.build(layerOn(disk)), SegmentStore)
    .files("disk", "/root")
    .list("live/a.m3u8")
  let fault: (call: string, path: string) => Fault | undefined = () => undefined
  const calls: Array<string> = []
  disk.fault = (call: string, path: string) => {
    calls.push(`${call} ${path}`)
    return fault(call, path)
  }
  /** Written `afterMillis` later. */
  const write = (text: string, afterMillis = readMillis) =>
    Effect.andThen(TestClock.adjust(afterMillis), list.write(bytes(text)))
  return { disk, list, calls, write, fail: (next: typeof fault) => (fault = next) }
})

const names = (disk: MemoryDisk) => [...disk.files.keys()].toSorted()

effect("a list that is written again and again is two files, whatever its length", () =>
  Effect.gen(function* () {
    const { calls, disk, write } = yield* harness()
    yield* write("one")
    yield* write("two")
    calls.length = 0
    for (const text of ["three", "4", "the fifth", "six", ""]) {
      yield* write(text)
      expect(disk.text(path)).toBe(text)
      expect(names(disk)).toHaveLength(2)
    }
    expect(calls.filter((call) => call.startsWith("writeFile") && !hidden.includes(call.slice(10)))).toEqual([])
  })
)

effect("what was replaced is not touched as long as somebody may read it", () =>
  Effect.gen(function* () {
    const { calls, disk, write } = yield* harness()
    for (const text of ["one", "two", "three"]) yield* write(text)
    calls.length = 0
    for (let i = 0; i < 5; i++) yield* write(`${i}`, 0)
    yield* write("last", readMillis - 1)
    expect(disk.text(path)).toBe("last")
    expect(calls.filter((call) => hidden.some((name) => call.endsWith(name)))).toEqual([])
    yield* write("after", 1)
    expect(disk.text(path)).toBe("after")
    expect(names(disk)).toHaveLength(2)
  })
)

effect("where there are no hard links, the list is a new file each time", () =>
  Effect.gen(function* () {
    const { disk, fail, write } = yield* harness()
    fail((call) => (call === "link" ? "NotSupported" : undefined))
    for (const text of ["one", "two", "three", "four"]) yield* write(text)
    expect(disk.text(path)).toBe("four")
    expect(names(disk)).toEqual([path])
  })
)

effect("removed, it leaves nothing, and it can be written again", () =>
  Effect.gen(function* () {
    const { disk, list, write } = yield* harness()
    for (const text of ["one", "two", "three"]) yield* write(text)
    yield* list.remove
    expect(names(disk)).toEqual([])
    yield* list.remove
    for (const text of ["four", "five", "six"]) yield* write(text)
    expect(disk.text(path)).toBe("six")
  })
)

effect("somebody removes the hidden file, or all of the folder: the list is written all the same", () =>
  Effect.gen(function* () {
    const { disk, write } = yield* harness()
    for (const text of ["one", "two", "three"]) yield* write(text)
    for (const name of hidden) disk.files.delete(name)
    yield* write("four")
    expect(disk.text(path)).toBe("four")
    yield* write("five")
    disk.files.clear()
    disk.folders.clear()
    yield* write("six")
    expect(disk.text(path)).toBe("six")
  })
)

// A call that never returns is what a process that ends in it leaves, or a disk that hangs.
for (const fault of ["stuck", "PermissionDenied"] as const) {
  for (const written of [0, 1, 2, 3]) {
    for (let step = 0; step < 4; step++) {
      const title = `${fault} at call ${step} of write ${written}: the list is the old or the new one`
      effect(`${title}, also for who goes on with it, and what another process does`, () =>
        Effect.gen(function* () {
          const { calls, disk, fail, list, write } = yield* harness()
          const texts = ["first", "the second", "3", "the fourth"]
          for (const text of texts.slice(0, written)) yield* write(text)
          yield* TestClock.adjust(readMillis)
          calls.length = 0
          fail(() => (calls.length > step ? fault : undefined))
          const writing = yield* Effect.forkChild(Effect.exit(list.write(bytes(texts[written]!))))
          yield* Effect.yieldNow
          yield* TestClock.adjust(diskTimeoutMillis)
          yield* Fiber.join(writing)
          fail(() => undefined)
          const seen = disk.files.get(path) === undefined ? [] : [disk.text(path)]
          expect(texts.slice(Math.max(0, written - 1), written + 1)).toEqual(expect.arrayContaining(seen))
          const left = new MemoryDisk()
          for (const [name, content] of disk.files) left.files.set(name, content)
          for (const folder of disk.folders) left.folders.add(folder)
          const later = yield* harness(left)
          for (const next of [{ disk, write }, later]) {
            for (const text of ["next", "x", "the last one of all"]) {
              yield* next.write(text)
              expect(next.disk.text(path)).toBe(text)
            }
            expect(names(next.disk).length).toBeLessThanOrEqual(3)
          }
        })
      )
    }
  }
}
