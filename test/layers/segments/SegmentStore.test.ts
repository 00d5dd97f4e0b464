import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Store from "../../../src/layers/segments/SegmentStore.ts"
import { SegmentStore, type Storage } from "../../../src/services/SegmentStore.ts"
import { effect } from "../../support/effect.ts"
import { type Fault, MemoryDisk } from "../../support/memoryDisk.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const harness = Effect.gen(function* () {
  const disk = new MemoryDisk()
  const services = yield* Layer.build(Store.layerOn(disk))
  return { disk, files: (storage: Storage) => Context.get(services, SegmentStore).files(storage, "/root/") }
})

for (const storage of ["disk", "memory"] as const) {
  effect(`${storage}: what was written is read, replaced and removed`, () =>
    Effect.gen(function* () {
      const files = (yield* harness).files(storage)
      expect(yield* files.read("live/a.ts")).toBeUndefined()
      yield* files.write("live/a.ts", bytes("one"))
      yield* files.write("live/a.ts", bytes("two"))
      expect(yield* files.read("live/a.ts")).toEqual(bytes("two"))
      yield* files.remove("live/a.ts")
      yield* files.remove("live/a.ts")
      expect(yield* files.read("live/a.ts")).toBeUndefined()
    })
  )
}

effect("on disk a file appears whole, under its name, in a folder that is made", () =>
  Effect.gen(function* () {
    const { disk, files } = yield* harness
    yield* files("disk").write("live/hd/a.ts", bytes("x"))
    expect([...disk.files.keys()]).toEqual(["/root/live/hd/a.ts"])
    disk.fault = (call) => (call === "rename" ? "PermissionDenied" : undefined)
    yield* Effect.flip(files("disk").write("live/hd/a.ts", bytes("y")))
    expect([...disk.files]).toEqual([["/root/live/hd/a.ts", bytes("x")]])
  })
)

for (const fault of ["PermissionDenied", "WriteZero"] as const satisfies ReadonlyArray<Fault>) {
  effect(`${fault} is told, with the file`, () =>
    Effect.gen(function* () {
      const { disk, files } = yield* harness
      disk.fault = () => fault
      const { write, read, remove } = files("disk")
      const calls = [
        ["write", Effect.asVoid(write("a.ts", bytes("x")))],
        ["read", Effect.asVoid(read("a.ts"))],
        ["remove", remove("a.ts")]
      ] as const
      for (const [action, call] of calls) {
        expect(yield* Effect.flip(call)).toMatchObject({ _tag: "StoreFailed", action, file: "a.ts" })
      }
    })
  )
}

effect("a disk that does not answer has failed after 10 s", () =>
  Effect.gen(function* () {
    const { disk, files } = yield* harness
    disk.fault = () => "stuck"
    const writing = yield* Effect.forkChild(Effect.flip(files("disk").write("a.ts", bytes("x"))))
    yield* TestClock.adjust(Store.diskTimeoutMillis)
    expect((yield* Fiber.join(writing)).reason).toBe("no answer in 10000 ms")
  })
)

effect("each call has its own 10 s, and one that was given up holds nothing", () =>
  Effect.gen(function* () {
    const { disk, files } = yield* harness
    const { write } = files("disk")
    disk.fault = (_call, path) => (path.includes("stuck") ? "stuck" : undefined)
    const first = yield* Effect.forkChild(Effect.flip(write("stuck-1.ts", bytes("x"))))
    yield* TestClock.adjust(6000)
    const second = yield* Effect.forkChild(Effect.flip(write("stuck-2.ts", bytes("x"))))
    yield* write("a.ts", bytes("x"))
    yield* TestClock.adjust(4000)
    expect(first.pollUnsafe()).toBeDefined()
    expect(second.pollUnsafe()).toBeUndefined()
    yield* TestClock.adjust(6000)
    expect((yield* Fiber.join(second)).file).toBe("stuck-2.ts")
    // The timer has ended with the last of them, and begins again.
    const third = yield* Effect.forkChild(Effect.flip(write("stuck-3.ts", bytes("x"))))
    yield* TestClock.adjust(9999)
    expect(third.pollUnsafe()).toBeUndefined()
    yield* TestClock.adjust(1)
    expect((yield* Fiber.join(third)).file).toBe("stuck-3.ts")
  })
)

effect("a write that nobody waits for any more replaces nothing, however late it ends", () =>
  Effect.gen(function* () {
    const memory = new MemoryDisk()
    const waiting: Array<() => void> = []
    const disk = {
      ...memory,
      writeFile: (...call: Parameters<MemoryDisk["writeFile"]>) => waiting.push(() => memory.writeFile(...call))
    }
    const { write } = Context.get(yield* Layer.build(Store.layerOn(disk)), SegmentStore).files("disk", "")
    const left = yield* Effect.forkChild(write("a.ts", bytes("left")))
    yield* Effect.yieldNow
    yield* Fiber.interrupt(left)
    const late = yield* Effect.forkChild(Effect.flip(write("a.ts", bytes("late"))))
    yield* TestClock.adjust(Store.diskTimeoutMillis)
    expect((yield* Fiber.join(late)).action).toBe("write")
    for (const end of waiting) end()
    expect([...memory.files.keys()]).toEqual([])
  })
)

effect("a read under way is shared, and goes on when who began it leaves; bytes replaced meanwhile are not kept", () =>
  Effect.gen(function* () {
    const { disk, files } = yield* harness
    const { read, ready, write } = files("disk")
    yield* write("a.ts", bytes("one"))
    const slow = yield* Effect.forkChild(read("a.ts"))
    const other = yield* Effect.forkChild(read("a.ts"))
    const before = disk.calls
    yield* Fiber.interrupt(slow)
    expect(yield* Fiber.join(other)).toEqual(bytes("one"))
    expect(disk.calls - before).toBeLessThanOrEqual(1)
    expect(ready("a.ts")).toEqual(bytes("one"))
    yield* write("a.ts", bytes("two"))
    expect(ready("a.ts")).toBeUndefined()
  })
)

effect("memory is bounded", () =>
  Effect.gen(function* () {
    const files = (yield* harness).files("memory")
    const large = new Uint8Array(Store.maxMemoryBytes / 2)
    yield* files.write("a", large)
    yield* files.write("b", large)
    expect(yield* Effect.flip(files.write("c", bytes("x")))).toMatchObject({ action: "write", file: "c" })
    yield* files.remove("a")
    yield* files.write("c", bytes("x"))
  })
)

effect("a segment that many viewers ask for is read from disk once, and never after it was replaced or removed", () =>
  Effect.gen(function* () {
    const { disk, files } = yield* harness
    const { read, remove, write } = files("disk")
    yield* write("a.ts", bytes("one"))
    const before = disk.calls
    for (let i = 0; i < 10; i++) expect(yield* read("a.ts")).toEqual(bytes("one"))
    expect(disk.calls).toBe(before + 1)
    yield* write("a.ts", bytes("two"))
    expect(yield* read("a.ts")).toEqual(bytes("two"))
    yield* remove("a.ts")
    expect(yield* read("a.ts")).toBeUndefined()
  })
)

effect("what is read while a file is replaced or removed is not kept after that", () =>
  Effect.gen(function* () {
    const memory = new MemoryDisk()
    const waiting: Array<() => void> = []
    const disk = {
      ...memory,
      rename: (...call: Parameters<MemoryDisk["rename"]>) => waiting.push(() => memory.rename(...call)),
      unlink: (...call: Parameters<MemoryDisk["unlink"]>) => waiting.push(() => memory.unlink(...call))
    }
    const { read, remove, write } = Context.get(yield* Layer.build(Store.layerOn(disk)), SegmentStore).files("disk", "")
    memory.files.set("/a.ts", bytes("one"))
    for (const [change, before, after] of [
      [write("a.ts", bytes("two")), "one", bytes("two")],
      [remove("a.ts"), "two", undefined]
    ] as const) {
      const changing = yield* Effect.forkChild(change)
      yield* Effect.yieldNow
      expect(yield* read("a.ts")).toEqual(bytes(before))
      for (const end of waiting.splice(0)) end()
      yield* Fiber.join(changing)
      expect(yield* read("a.ts")).toEqual(after)
    }
  })
)

effect("what is kept of the disk is bounded", () =>
  Effect.gen(function* () {
    const { disk, files } = yield* harness
    const { read, write } = files("disk")
    const third = new Uint8Array(Store.maxCachedBytes / 3)
    const names = ["a", "b", "c", "d"]
    for (const name of names) yield* write(name, third)
    for (const name of names) yield* read(name)
    const before = disk.calls
    for (const name of ["d", "c", "b"]) yield* read(name)
    expect(disk.calls).toBe(before)
    yield* read("a")
    expect(disk.calls).toBe(before + 1)
  })
)
