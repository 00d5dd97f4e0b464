/** Tells newcomers what to type: how to publish when the server is up, where to play when a stream starts. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Listeners } from "../../services/Listeners.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"

/** To be built after the listeners. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const listeners = yield* Listeners
    const registry = yield* SourceRegistry
    const announce = Effect.fnUntraced(function* (name: Parameters<typeof listeners.playUrls>[0]) {
      for (const url of listeners.playUrls(name)) {
        yield* Effect.logInfo("play at").pipe(Effect.annotateLogs("stream.url", url))
      }
    })
    yield* registry.onSource("announce", (source) => announce(source.name), "optional")
    const rtmp = listeners.all().find(({ name }) => name === "RTMP")
    if (rtmp === undefined) return
    const command = `ffmpeg -re -i input.mp4 -c copy -f flv rtmp://localhost:${rtmp.port}/live/livestream`
    yield* Effect.logInfo("publish with").pipe(Effect.annotateLogs("command", command))
  })
)
