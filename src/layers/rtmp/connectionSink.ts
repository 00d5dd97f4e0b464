/** A connection as the sink of all viewers on it: each hears when it has drained. */
import type { Sink } from "../../services/Playback.ts"
import type { Connection } from "../../services/Transport.ts"

export const connectionSink = (connection: Connection): Sink => {
  const listeners = new Set<() => void>()
  connection.onDrain(() => {
    for (const listener of listeners) listener()
  })
  const { queuedBytes, write } = connection
  return { write, queuedBytes, onDrain: (listener) => listeners.add(listener) }
}
