/** Newcomers start at the newest keyframe, or with `gop_cache off` at the next one; without pictures at once. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StartPolicy } from "../../domain/media/Cursor.ts"
import { GopCache } from "../../services/GopCache.ts"
import { Settings } from "../../services/Settings.ts"

/** Payload bytes that one source keeps at most: 20 s of 25 Mbps. */
export const maxSourceBytes = 64 * 1024 * 1024

const atKeyframe: StartPolicy = (log) => (log.hasVideo ? log.newestEntry : log.liveEntry)
const afterKeyframe: StartPolicy = (log) => (log.hasVideo ? undefined : log.liveEntry)

export const layer = Layer.effect(
  GopCache,
  Effect.gen(function* () {
    const settings = yield* Settings
    const play = (vhost: string) => settings.vhost(vhost)?.play
    return GopCache.of({
      retain: (vhost) => ({
        gop: play(vhost)?.gopCache ?? true,
        maxGopFrames: play(vhost)?.gopCacheMaxFrames ?? 2500,
        queueMillis: play(vhost)?.queueLengthMillis ?? 30_000,
        maxBytes: maxSourceBytes
      }),
      start: (vhost) => (play(vhost)?.gopCache === false ? afterKeyframe : atKeyframe)
    })
  })
)
