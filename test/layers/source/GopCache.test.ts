import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as GopCacheLayer from "../../../src/layers/source/GopCache.ts"
import { GopCache } from "../../../src/services/GopCache.ts"
import { effect } from "../../support/effect.ts"

const build = Effect.fnUntraced(function* (settings: string) {
  return Context.get(yield* Layer.build(GopCacheLayer.layer.pipe(Layer.provide(layerText(settings)))), GopCache)
})

const logOf = (...frames: ReadonlyArray<"key" | "picture" | "sound">) => {
  const log = new SourceLog({ gop: true, maxGopFrames: 0, queueMillis: 30_000, maxBytes: 1e9 })
  for (const [at, frame] of frames.entries()) {
    const kind = frame === "sound" ? Kind.Audio : Kind.Video
    const bytes = new Uint8Array(1)
    log.append(new MediaFrame({ kind, published: at, bytes, start: 0, end: 1, keyframe: frame === "key" }), at)
  }
  return log
}

effect("retains by the settings of the vhost", () =>
  Effect.gen(function* () {
    const gopCache = yield* build(
      "vhost small { play { gop_cache off; gop_cache_max_frames 50; queue_length 3; } } vhost __defaultVhost__ {}"
    )
    expect(gopCache.retain("__defaultVhost__")).toMatchObject({ gop: true, maxGopFrames: 2500, queueMillis: 30_000 })
    expect(gopCache.retain("small")).toMatchObject({ gop: false, maxGopFrames: 50, queueMillis: 3000 })
    expect(gopCache.retain("small").maxBytes).toBe(GopCacheLayer.maxSourceBytes)
  })
)

effect("starts at the newest keyframe; without the cache, or before the first, at the next one; sound at once", () =>
  Effect.gen(function* () {
    const gopCache = yield* build("vhost off { play { gop_cache off; } } vhost __defaultVhost__ {}")
    const on = gopCache.start("__defaultVhost__")
    const off = gopCache.start("off")
    const pictures = logOf("key", "sound", "key", "picture")
    expect([on(pictures)?.index, off(pictures)?.index]).toEqual([2, undefined])
    const late = logOf("sound", "picture", "picture")
    expect([on(late)?.index, off(late)?.index]).toEqual([undefined, undefined])
    const sound = logOf("sound", "sound")
    expect([on(sound)?.index, off(sound)?.index]).toEqual([2, 2])
  })
)
