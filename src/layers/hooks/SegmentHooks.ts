/** `on_hls` and `on_hls_notify` for each HLS segment, in the name of its publisher. */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type { SegmentFacts } from "../../domain/hooks/body.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import type { AccessRequest } from "../../services/Authorizer.ts"
import { HlsSegmenter, type SegmentWritten } from "../../services/HlsSegmenter.ts"
import { Hooks } from "../../services/Hooks.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"

/** Publishers that are remembered for the last segments of their streams. */
const maxPublishers = 10_000

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1)

const factsOf = ({ durationMillis, file, playlistFile, root, sequence, uri }: SegmentWritten): SegmentFacts => ({
  durationMillis,
  sequence,
  cwd: process.cwd(),
  file: `${root}/${file}`,
  url: /^https?:\/\//.test(uri) ? uri : folderOf(playlistFile) + uri,
  m3u8: `${root}/${playlistFile}`,
  m3u8Url: playlistFile
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const hooks = yield* Hooks
    const sessions = yield* Sessions
    const settings = yield* Settings
    const fork = yield* FiberSet.makeRuntime<never, void, never>()
    /** By stream: the last segment of a publisher is written when it has gone. */
    const publishers = new Map<string, AccessRequest>()

    yield* (yield* SourceRegistry).onSource(
      "hooks",
      ({ key, name, publisher }) =>
        Effect.sync(() => {
          const { param = "", sessionId = "" } = publisher() ?? {}
          const session = sessions.all().get(sessionId)
          if (session === undefined) return
          const { pageUrl, tcUrl } = session
          publishers.delete(key)
          publishers.set(key, { session, stream: name, param, tcUrl, pageUrl })
          const [oldest] = publishers.keys()
          if (publishers.size > maxPublishers && oldest !== undefined) publishers.delete(oldest)
        }),
      "optional"
    )
    yield* (yield* HlsSegmenter).onSegment((segment) => {
      if (!settings.vhost(segment.stream.vhost)?.httpHooks.enabled) return
      const publisher = publishers.get(streamKey(segment.stream))
      if (publisher !== undefined) fork(hooks.segment(publisher, factsOf(segment)))
    })
  })
)
