/** Follows every stream of a vhost with `hls` on. Outputs outlive publishes, until `hls_dispose`. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type { Playlist } from "../../domain/hls/Playlist.ts"
import { isSafePath } from "../../domain/hls/fileName.ts"
import { playTimes } from "../../domain/media/playTimes.ts"
import { SlabMemory } from "../../domain/media/SlabMemory.ts"
import { type StreamName, streamKey } from "../../domain/media/StreamName.ts"
import { GopCache } from "../../services/GopCache.ts"
import { HlsSegmenter, type SegmentWritten } from "../../services/HlsSegmenter.ts"
import { SegmentStore, type StoreFailed } from "../../services/SegmentStore.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { type Source, SourceRegistry } from "../../services/SourceRegistry.ts"
import { background } from "../telemetry/background.ts"
import { Follower } from "./Follower.ts"
import { type HlsSettings, playlistFileOf, storageOf } from "./options.ts"
import { makeRosters } from "./Rosters.ts"
import { makeQueue, Output } from "./Output.ts"

/** Streams whose numbers are known after their files are gone; of more, the oldest begin at 0 again. */
export const maxRemembered = 100_000
/** At the end of the process, what waits must be written within this time. */
export const maxDrainMillis = 5000

/** What is left of an output. */
interface Remembered {
  readonly numbers: () => Playlist
  readonly gone: Output["gone"]
}

const indexKey = (vhost: string, path: string): string => `${vhost}\0${path}`

export const layer = Layer.effect(
  HlsSegmenter,
  Effect.gen(function* () {
    const settings = yield* Settings
    const registry = yield* SourceRegistry
    const store = yield* SegmentStore
    const sessions = yield* Sessions
    const gopCache = yield* GopCache
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const outputs = new Map<string, Output>()
    const remembered = new Map<string, Remembered>()
    /** Playlists, and all files of outputs, by vhost and path. */
    const playlists = new Map<string, Output>()
    const files = new Map<string, Output>()
    const listeners = new Set<(segment: SegmentWritten) => void>()
    const rosters = yield* makeRosters(settings, () => outputs.values())
    const followers = new Set<Follower>()
    const memory = new SlabMemory()
    // Runs when the fibers that write have ended: what they had not written yet is written here.
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        for (const follower of followers) follower.close()
        return Effect.andThen(
          Effect.forEach(outputs.values(), (output) => output.drain, { discard: true, concurrency: 8 }),
          rosters.flush
        )
      }).pipe(
        Effect.timeoutOrElse({
          duration: maxDrainMillis,
          orElse: () => Effect.logWarning("hls segments lost: the store is too slow to end")
        }),
        Effect.interruptible
      )
    )
    const born = yield* Queue.unbounded<Output>()

    /** In one synchronous step: a publisher that comes now gets an output of its own. The second time it does nothing. */
    const retire = (output: Output): void => {
      const key = streamKey(output.stream)
      output.isOver = true
      if (outputs.get(key) !== output) return
      outputs.delete(key)
      rosters.changed(output)
      playlists.delete(indexKey(output.stream.vhost, output.playlistFile))
      remember(key, { numbers: () => output.numbers, gone: output.gone })
    }

    const remember = (key: string, entry: Remembered): void => {
      // The newest stands last.
      remembered.delete(key)
      remembered.set(key, entry)
      if (remembered.size > maxRemembered) remembered.delete(remembered.keys().next().value ?? "")
    }

    /** Only the numbers are kept of an output whose files are gone. */
    const forget = (output: Output): void => {
      const key = streamKey(output.stream)
      const { numbers } = output
      if (remembered.get(key)?.gone === output.gone) remember(key, { numbers: () => numbers, gone: output.gone })
    }

    const onFailed =
      (output: () => Output, key: string, { onError }: HlsSettings) =>
      (error: StoreFailed) =>
        Effect.suspend(() => {
          if (onError === "continue") return Effect.void
          if (onError === "ignore") {
            output().isOff = true
            return Effect.logWarning("hls is off for this publish")
          }
          const publisher = registry.find(key)?.publisher()
          return publisher === undefined
            ? Effect.void
            : Effect.asVoid(sessions.kick(publisher.sessionId, error.message))
        })

    const create = (name: StreamName, hls: HlsSettings): Output => {
      const key = streamKey(name)
      const before = remembered.get(key)
      const storage = storageOf(hls)
      const output: Output = new Output(
        {
          name,
          playlistFile: playlistFileOf(hls, name),
          settings: hls,
          files: store.files(storage, hls.path),
          keys: store.files(storage, hls.keyFilePath),
          parts: store.files("memory", hls.path),
          index: {
            add: (file) => files.set(indexKey(name.vhost, file), output),
            remove: (file) => files.delete(indexKey(name.vhost, file))
          },
          onWritten: (segment) => {
            for (const listener of listeners) listener(segment)
          },
          onFailed: onFailed(() => output, key, hls),
          memory: storage === "disk" ? memory : undefined,
          after: before === undefined ? Effect.void : Deferred.await(before.gone),
          numbers: () => before?.numbers()
        },
        Effect.runSync(makeQueue),
        clock.currentTimeMillisUnsafe()
      )
      outputs.set(key, output)
      rosters.changed(output)
      playlists.set(indexKey(name.vhost, output.playlistFile), output)
      Queue.offerUnsafe(born, output)
      return output
    }

    /** An output whose place or names are others now is none for new segments. */
    const obtain = (name: StreamName, hls: HlsSettings): Output => {
      const known = outputs.get(streamKey(name))
      if (known === undefined) return create(name, hls)
      const { keyFilePath, path } = known.options.settings
      const samePlace = storageOf(known.options.settings) === storageOf(hls) && path === hls.path
      if (samePlace && keyFilePath === hls.keyFilePath && known.playlistFile === playlistFileOf(hls, name)) return known
      known.stop()
      retire(known)
      return create(name, hls)
    }

    const serve = (output: Output): Effect.Effect<void> =>
      output.run.pipe(
        Effect.andThen(Effect.sync(() => retire(output))),
        Effect.andThen(output.dispose),
        Effect.andThen(Effect.sync(() => forget(output)))
      )

    const follow = (source: Source, hls: HlsSettings): Follower => {
      const play = settings.vhost(source.name.vhost)?.play
      const output = obtain(source.name, hls)
      output.isOff = false
      output.begin()
      const follower = new Follower({
        log: source.log,
        start: gopCache.start(source.name.vhost),
        output,
        settings: hls,
        utc: settings.current().utcTime,
        published: play !== undefined && playTimes(play, source.absoluteTimes()).times === "published",
        clock
      })
      followers.add(follower)
      return follower
    }

    const attach = Effect.fnUntraced(function* (source: Source) {
      let current: HlsSettings | undefined
      let follower: Follower | undefined
      const leave = (): void => {
        if (follower === undefined) return
        followers.delete(follower)
        follower.close()
      }
      const refresh = (): void => {
        const hls = settings.vhost(source.name.vhost)?.hls
        const isOver = follower?.output.isOver === true
        if (hls === current && !isOver) return
        const changed = isOver || JSON.stringify(hls) !== JSON.stringify(current)
        current = hls
        if (!changed) return
        leave()
        follower = hls?.enabled && isSafePath(playlistFileOf(hls, source.name)) ? follow(source, hls) : undefined
      }
      refresh()
      if (current?.enabled && follower === undefined) {
        return yield* Effect.fail({ message: "its name is no name of a file" })
      }
      yield* Effect.addFinalizer(() => Effect.sync(leave))
      yield* settings.onChange(() => Effect.sync(refresh))
      yield* source.observe({
        appended: () => {
          if (follower === undefined || !follower.isDue()) return
          if (follower.output.isOver) refresh()
          follower.take()
        },
        discontinuity: () => follower?.end(),
        unpublished: () => follower?.end()
      })
    })

    yield* background("hls outputs", { fatal: true })(
      Effect.gen(function* () {
        while (true) yield* Effect.forkIn(serve(yield* Queue.take(born)), scope)
      })
    )
    yield* background("hls rosters", { fatal: false })(
      rosters.run((name) => {
        const hls = settings.vhost(name.vhost)?.hls
        if (hls?.enabled && isSafePath(playlistFileOf(hls, name)) && !outputs.has(streamKey(name))) create(name, hls)
      })
    )
    yield* registry.onSource("hls", attach, "optional")

    return HlsSegmenter.of({
      find: (vhost, path) => {
        const key = indexKey(vhost, path)
        const listed = playlists.get(key)
        if (listed !== undefined) return { _tag: "Playlist", output: listed }
        const output = files.get(key)
        const file = output?.file(path)
        return output === undefined || file === undefined ? undefined : { _tag: "File", output, file }
      },
      outputs: () => outputs.values(),
      onSegment: (listener) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener))
          )
        )
    })
  })
)
