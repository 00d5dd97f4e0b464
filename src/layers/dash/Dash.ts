/** Follows every stream of a vhost with `dash` on. Outputs outlive publishes, until `dash_dispose`. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { isSafePath } from "../../domain/hls/fileName.ts"
import { playTimes } from "../../domain/media/playTimes.ts"
import { type StreamName, streamKey } from "../../domain/media/StreamName.ts"
import { Dash } from "../../services/Dash.ts"
import { GopCache } from "../../services/GopCache.ts"
import { SegmentStore } from "../../services/SegmentStore.ts"
import { Settings } from "../../services/Settings.ts"
import { type Source, SourceRegistry } from "../../services/SourceRegistry.ts"
import { background } from "../telemetry/background.ts"
import { Follower } from "./Follower.ts"
import { clockFile, type DashSettings, folderOf, mpdFileOf } from "./options.ts"
import { maxQueuedCuts, Output, type Predecessor, type Written } from "./Output.ts"

/** Streams whose numbers are known after their files are gone; of more, the oldest begin at 0 again. */
export const maxRemembered = 100_000

/** At the end of the process, everything must be removed within this time. */
export const maxDisposeMillis = 5000

const indexKey = (vhost: string, path: string): string => `${vhost}\0${path}`

export const layer = Layer.effect(
  Dash,
  Effect.gen(function* () {
    const settings = yield* Settings
    const registry = yield* SourceRegistry
    const store = yield* SegmentStore
    const gopCache = yield* GopCache
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const outputs = new Map<string, Output>()
    const remembered = new Map<string, Predecessor>()
    /** Outputs by the names of their MPD and of their folder. */
    const index = new Map<string, Output>()
    // Runs when the fibers that write have ended. The next process begins anew: nobody should follow an MPD of this one.
    yield* Effect.addFinalizer(() =>
      Effect.forEach(
        [...outputs.values()].filter(({ settings }) => settings.disposeMillis > 0),
        (output) => output.dispose,
        { discard: true, concurrency: 8 }
      ).pipe(
        Effect.timeoutOrElse({
          duration: maxDisposeMillis,
          orElse: () => Effect.logWarning("dash files left: the store is too slow to end")
        }),
        Effect.interruptible
      )
    )
    const born = yield* Queue.unbounded<Output>()
    const now = () => clock.currentTimeMillisUnsafe()

    /** In one synchronous step: what comes now gets an output of its own. */
    const retire = (output: Output): void => {
      if (output.isRetired) return
      output.isRetired = true
      const key = streamKey(output.stream)
      const { vhost } = output.stream
      if (outputs.get(key) === output) outputs.delete(key)
      index.delete(indexKey(vhost, output.mpdFile))
      index.delete(indexKey(vhost, output.folder))
      remembered.delete(key)
      remembered.set(key, output.predecessor)
      if (remembered.size > maxRemembered) remembered.delete(remembered.keys().next().value ?? "")
    }

    const create = (name: StreamName, dash: DashSettings): Output => {
      const key = streamKey(name)
      const queue = Effect.runSync(Queue.dropping<Written, Cause.Done>(maxQueuedCuts))
      const output = new Output(name, dash, store.files("disk", dash.path), queue, now, remembered.get(key))
      outputs.set(key, output)
      index.set(indexKey(name.vhost, output.mpdFile), output)
      index.set(indexKey(name.vhost, folderOf(output.mpdFile)), output)
      Queue.offerUnsafe(born, output)
      return output
    }

    /** An output whose place is another now is none for new segments. */
    const obtain = (name: StreamName, dash: DashSettings): Output => {
      const known = outputs.get(streamKey(name))
      if (known === undefined) return create(name, dash)
      if (known.settings.path === dash.path && known.mpdFile === mpdFileOf(dash, name)) {
        known.settings = dash
        return known
      }
      known.stop()
      retire(known)
      return create(name, dash)
    }

    const serve = (output: Output): Effect.Effect<void> =>
      output.run.pipe(
        Effect.andThen(Effect.sync(() => retire(output))),
        Effect.andThen(Effect.suspend(() => output.dispose))
      )

    const follow = (source: Source, dash: DashSettings): Follower => {
      const play = settings.vhost(source.name.vhost)?.play
      return new Follower({
        log: source.log,
        start: gopCache.start(source.name.vhost),
        output: () => obtain(source.name, dash),
        published: play !== undefined && playTimes(play, source.absoluteTimes()).times === "published",
        now
      })
    }

    const attach = Effect.fnUntraced(function* (source: Source) {
      let current: DashSettings | undefined
      let follower: Follower | undefined
      const refresh = (): void => {
        const dash = settings.vhost(source.name.vhost)?.dash
        if (dash === current) return
        const changed = JSON.stringify(dash) !== JSON.stringify(current)
        current = dash
        if (!changed) return
        follower?.close()
        follower = dash?.enabled && isSafePath(mpdFileOf(dash, source.name)) ? follow(source, dash) : undefined
      }
      refresh()
      if (current?.enabled && follower === undefined) {
        return yield* Effect.fail({ message: "its name is no name of a file" })
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => follower?.close()))
      yield* settings.onChange(() => Effect.sync(refresh))
      yield* source.observe({
        appended: () => follower?.take(),
        discontinuity: () => follower?.end(),
        unpublished: () => follower?.end()
      })
    })

    yield* background("dash outputs", { fatal: true })(
      Effect.gen(function* () {
        while (true) yield* Effect.forkIn(serve(yield* Queue.take(born)), scope)
      })
    )
    yield* registry.onSource("dash", attach, "optional")

    return Dash.of({
      find: (vhost, path) => {
        const slash = path.lastIndexOf("/") + 1
        const listed = index.get(indexKey(vhost, path))
        if (listed !== undefined && slash < path.length) return { _tag: "Mpd", output: listed }
        const output = index.get(indexKey(vhost, path.slice(0, slash)))
        if (output !== undefined && path.slice(slash) === clockFile) return { _tag: "Clock" }
        const body = output?.file(path.slice(slash))
        return body && output && { _tag: "File", output, body }
      },
      outputs: () => outputs.values()
    })
  })
)
