/** The network of a simulation: cuts what is written into pieces, and remembers every connection. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { make, type MemoryConnection } from "../../src/layers/transport/Memory.ts"
import type { Transport } from "../../src/services/Transport.ts"
import type { Chance } from "./random.ts"

/** Told of the client's end of each connection that the fiber dials. */
export const Dialled = Context.Reference<(connection: MemoryConnection) => void>("sluice/test/Dialled", {
  defaultValue: () => () => undefined
})

/** Longest write that is cut to single bytes. */
const maxSingleBytes = 400

const cut = (bytes: Uint8Array, { below, between, oneIn }: Chance): ReadonlyArray<Uint8Array> => {
  if (bytes.length < 2 || !oneIn(6)) return [bytes]
  const longest = bytes.length <= maxSingleBytes && oneIn(4) ? 1 : between(1, 5000)
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length;) {
    const length = 1 + below(longest)
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  return parts
}

export interface Network {
  readonly server: Transport["Service"]
  readonly client: Transport["Service"]
  /** The server's ends that are open. */
  readonly accepted: ReadonlySet<MemoryConnection>
}

export const makeNetwork = (chance: Chance): Network => {
  const transport = make({ split: (bytes) => cut(bytes, chance) })
  const accepted = new Set<MemoryConnection>()
  return {
    accepted,
    server: {
      ...transport,
      listen: (endpoint, options, onConnection) =>
        transport.listen(endpoint, options, (connection) => {
          accepted.add(connection as MemoryConnection)
          return Effect.ensuring(
            onConnection(connection),
            Effect.sync(() => accepted.delete(connection as MemoryConnection))
          )
        })
    },
    client: {
      ...transport,
      connect: Effect.fnUntraced(function* (endpoint, options) {
        const connection = yield* transport.connect(endpoint, options)
        ;(yield* Dialled)(connection as MemoryConnection)
        return connection
      })
    }
  }
}
