import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { burstMillis, inBursts } from "../../../src/layers/segments/Bursts.ts"
import type { Disk } from "../../../src/layers/segments/Disk.ts"
import { diskTimeoutMillis, layerOn } from "../../../src/layers/segments/SegmentStore.ts"
import { SegmentStore } from "../../../src/services/SegmentStore.ts"
import { effect } from "../../support/effect.ts"
import { MemoryDisk } from "../../support/memoryDisk.ts"

const bytes = new TextEncoder().encode("x")
const ignored = () => undefined

/** What has begun, in order. */
const harness = Effect.gen(function* () {
  const begun: Array<string> = []
  const plain: Disk = {
    writeFile: (path) => begun.push(`writeFile ${path}`),
    overwrite: (path, _bytes, before) => begun.push(`overwrite ${path} ${before}`),
    link: (from, to) => begun.push(`link ${from} ${to}`),
    rename: (from, to) => begun.push(`rename ${from} ${to}`),
    unlink: (path) => {
      begun.push(`unlink ${path}`)
      if (path === "bad") throw new Error("bad")
    },
    mkdir: (path) => begun.push(`mkdir ${path}`),
    readFile: (path) => begun.push(`readFile ${path}`)
  }
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const disk = yield* Scope.provide(inBursts(plain), scope)
  const takeBegun = () => begun.splice(0)
  return { disk, takeBegun, close: Scope.close(scope, Exit.void) }
})

effect("changes begin together after a pause, in order; the first does not wait", () =>
  Effect.gen(function* () {
    const { disk, takeBegun } = yield* harness
    disk.unlink("a", ignored)
    disk.writeFile("b", bytes, ignored)
    disk.overwrite("c", bytes, 3, ignored)
    disk.link("d", "e", ignored)
    disk.rename("f", "g", ignored)
    disk.unlink("h", ignored)
    expect(takeBegun()).toEqual(["unlink a"])
    yield* TestClock.adjust(burstMillis - 1)
    expect(takeBegun()).toEqual([])
    yield* TestClock.adjust(1)
    expect(takeBegun()).toEqual(["writeFile b", "overwrite c 3", "link d e", "rename f g", "unlink h"])
    disk.unlink("i", ignored)
    yield* TestClock.adjust(burstMillis - 1)
    expect(takeBegun()).toEqual([])
    yield* TestClock.adjust(1)
    expect(takeBegun()).toEqual(["unlink i"])
    yield* TestClock.adjust(burstMillis)
    disk.unlink("j", ignored)
    expect(takeBegun()).toEqual(["unlink j"])
  })
)

effect("reads, and folders, which are rare, begin at once", () =>
  Effect.gen(function* () {
    const { disk, takeBegun } = yield* harness
    for (const path of ["a", "b"]) disk.unlink(path, ignored)
    disk.readFile("c", ignored)
    disk.mkdir("d", ignored)
    expect(takeBegun()).toEqual(["unlink a", "readFile c", "mkdir d"])
  })
)

effect("at the end what waits begins, and what comes after does at once", () =>
  Effect.gen(function* () {
    const { close, disk, takeBegun } = yield* harness
    for (const path of ["a", "b", "c"]) disk.unlink(path, ignored)
    yield* close
    expect(takeBegun()).toEqual(["unlink a", "unlink b", "unlink c"])
    for (const path of ["d", "e"]) disk.unlink(path, ignored)
    expect(takeBegun()).toEqual(["unlink d", "unlink e"])
  })
)

effect("a call that the platform refuses by an exception keeps no other one from its disk", () =>
  Effect.gen(function* () {
    const { disk, takeBegun } = yield* harness
    for (const path of ["a", "bad", "b"]) disk.unlink(path, ignored)
    yield* TestClock.adjust(burstMillis)
    expect(takeBegun()).toEqual(["unlink a", "unlink bad", "unlink b"])
    disk.unlink("c", ignored)
    yield* TestClock.adjust(burstMillis)
    expect(takeBegun()).toEqual(["unlink c"])
  })
)

const store = Effect.fnUntraced(function* (memory: MemoryDisk) {
  const services = yield* Layer.build(Layer.unwrap(Effect.map(inBursts(memory), layerOn)))
  return Context.get(services, SegmentStore).files("disk", "")
})

effect("the time of a call counts from when it was asked", () =>
  Effect.gen(function* () {
    const memory = new MemoryDisk()
    memory.fault = () => "stuck"
    const { write } = yield* store(memory)
    const calls = ["a", "b"].map((file) => Effect.flip(write(file, bytes)))
    const asked = yield* Effect.forkChild(Effect.all(calls, { concurrency: "unbounded" }))
    yield* TestClock.adjust(diskTimeoutMillis - 1)
    expect([memory.calls, asked.pollUnsafe()]).toEqual([2, undefined])
    yield* TestClock.adjust(1)
    expect(yield* Fiber.join(asked)).toMatchObject([{ file: "a" }, { file: "b" }])
  })
)

effect("files of many streams are whole, in a few bursts", () =>
  Effect.gen(function* () {
    const memory = new MemoryDisk()
    const files = yield* store(memory)
    const names = Array.from({ length: 100 }, (_, i) => `live/${i}.ts`)
    yield* Effect.forkChild(Effect.forEach(names, (name) => files.write(name, bytes), { concurrency: "unbounded" }))
    // A write, one more now that the folder is there, the name.
    yield* TestClock.adjust(3 * burstMillis)
    expect([...memory.files.keys()].toSorted()).toEqual(names.map((name) => `/${name}`).toSorted())
  })
)
