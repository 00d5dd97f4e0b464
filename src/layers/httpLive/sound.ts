/** What the formats of sound alone have in common: one codec, and `fast_cache` instead of the GOP cache. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { FastCache, startBehind } from "../../domain/audio/FastCache.ts"
import type { Format } from "../../domain/media/Format.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import { Settings } from "../../services/Settings.ts"
import { type Source, SourceRegistry } from "../../services/SourceRegistry.ts"
import { contribute, templateFor } from "./contribute.ts"

export interface SoundFormat {
  readonly extension: string
  readonly contentType: string
  /** Viewers who start at different places have different keys. */
  readonly format: (key: string) => Format
  /** Whether the stream's sound is of this format, undefined if it has not told yet. */
  readonly carries: (log: SourceLog) => boolean | undefined
}

/** Keeps what newcomers get at once. */
const keepSound = (extension: string) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const registry = yield* SourceRegistry
    const attach = ({ log, name }: Source) =>
      Effect.suspend(() => {
        const remux = settings.vhost(name.vhost)?.httpRemux
        if (remux === undefined || !remux.enabled || remux.fastCacheMillis <= 0) return Effect.void
        if (templateFor(remux, extension) === undefined) return Effect.void
        const cache = new FastCache(log, remux.fastCacheMillis)
        return Effect.acquireRelease(
          Effect.sync(() => log.addReader(cache)),
          () => Effect.sync(() => log.removeReader(cache))
        )
      })
    yield* registry.onSource(`fast_cache of ${extension}`, attach, "optional")
  })

export const soundLayer = ({ carries, contentType, extension, format }: SoundFormat) =>
  Layer.effectDiscard(
    Effect.andThen(
      keepSound(extension),
      contribute({
        extension,
        contentType,
        clientType: "flv-play",
        format: ({ httpRemux }) => format(String(httpRemux.fastCacheMillis)),
        start: ({ httpRemux }) => startBehind(httpRemux.fastCacheMillis),
        carries
      })
    )
  )
