/** Settings of which a test changes a vhost, as a reload does. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { VhostSettings } from "../../src/domain/config/Settings.ts"
import { type Follow, Settings } from "../../src/services/Settings.ts"

export const changingSettings = (real: Settings["Service"]) => {
  const follows = new Set<Follow>()
  let edit = (vhost: VhostSettings): VhostSettings => vhost
  let edited: VhostSettings | undefined
  let lookups = 0
  const layer = Layer.succeed(Settings, {
    ...real,
    vhost: (name) => {
      lookups++
      const vhost = real.vhost(name)
      return vhost && (edited ??= edit(vhost))
    },
    onChange: (follow) =>
      Effect.acquireRelease(
        Effect.sync(() => void follows.add(follow)),
        () => Effect.sync(() => follows.delete(follow))
      )
  })
  const change = (next: (vhost: VhostSettings) => VhostSettings): Effect.Effect<void> =>
    Effect.suspend(() => {
      edit = next
      edited = undefined
      return Effect.forEach([...follows], (follow) => Effect.orDie(follow([])), { discard: true })
    })
  /** `lookups`: how often somebody asked for a vhost. */
  return { layer, change, lookups: () => lookups }
}
