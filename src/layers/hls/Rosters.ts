/** Tells the next process which streams have files on disk, so that it serves them, and removes them in time. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { readRoster, rosterFile, rosterText } from "../../domain/hls/roster.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import { SegmentStore } from "../../services/SegmentStore.ts"
import type { Settings } from "../../services/Settings.ts"
import { storageOf } from "./options.ts"
import type { Output } from "./Output.ts"

/** Changes within this time are written together. */
const settleMillis = 1000

const encoder = new TextEncoder()

export interface Rosters {
  /** An output has come or gone. A plain call. */
  readonly changed: (output: Output) => void
  /** Gives each stream that an earlier process left to `found`; then writes what changes, for ever. */
  readonly run: (found: (name: StreamName) => void) => Effect.Effect<never>
  /** Writes what is not written yet. */
  readonly flush: Effect.Effect<void>
}

export const makeRosters = Effect.fnUntraced(function* (
  settings: Settings["Service"],
  outputs: () => Iterable<Output>
): Effect.fn.Return<Rosters, never, SegmentStore> {
  const store = yield* SegmentStore
  const changes = yield* Queue.unbounded<void>()
  const roots = new Set<string>()

  const write = (root: string) => {
    const names = [...outputs()]
      .filter(({ options }) => storageOf(options.settings) === "disk" && options.settings.path === root)
      .map(({ stream }) => stream)
    const files = store.files("disk", root)
    const written =
      names.length === 0 ? files.remove(rosterFile) : files.write(rosterFile, encoder.encode(rosterText(names)))
    return Effect.catch(written, (error) => Effect.logWarning("hls roster not written", Cause.fail(error)))
  }

  const flush = Effect.suspend(() => {
    const all = [...roots]
    roots.clear()
    return Effect.forEach(all, write, { discard: true })
  })

  const readAll = Effect.fnUntraced(function* (found: (name: StreamName) => void) {
    const vhosts = settings.vhosts().filter(({ hls }) => hls.enabled && storageOf(hls) === "disk")
    for (const root of new Set(vhosts.map(({ hls }) => hls.path))) {
      const bytes = yield* Effect.catch(store.files("disk", root).read(rosterFile), () => Effect.undefined)
      if (bytes === undefined) continue
      const here = new Set(vhosts.filter(({ hls }) => hls.path === root).map(({ name }) => name))
      for (const name of readRoster(new TextDecoder().decode(bytes))) if (here.has(name.vhost)) found(name)
    }
  })

  return {
    changed: ({ options }) => {
      if (storageOf(options.settings) !== "disk") return
      roots.add(options.settings.path)
      Queue.offerUnsafe(changes, undefined)
    },
    run: (found) =>
      Effect.gen(function* () {
        yield* readAll(found)
        while (true) {
          yield* Queue.takeAll(changes)
          yield* Effect.sleep(settleMillis)
          yield* flush
        }
      }),
    flush
  }
})
