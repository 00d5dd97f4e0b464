/** Servers on one network in memory, which can be killed and started again. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { layerAllowAll } from "../../../src/layers/access/Authorizer.ts"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as Memory from "../../../src/layers/transport/Memory.ts"
import { unguarded } from "../../../src/server.ts"
import { Forwarder } from "../../../src/services/Forwarder.ts"
import { InProcess } from "../../../src/services/InProcess.ts"
import { ServerIdentity } from "../../../src/services/ServerIdentity.ts"
import { SourceRegistry } from "../../../src/services/SourceRegistry.ts"
import { Transport } from "../../../src/services/Transport.ts"

/** A picture that carries its number. */
export const picture = (number: number, millis: number, keyframe: boolean): MediaFrame =>
  videoFrame({ codec: FourCc.Avc, keyframe, data: Uint8Array.of(number >>> 16, number >>> 8, number) }, millis)

const numberOf = ({ data }: MediaFrame): number => (data.at(-3)! << 16) | (data.at(-2)! << 8) | data.at(-1)!

export interface Received {
  readonly number: number
  readonly keyframe: boolean
  readonly millis: number
}

/** Pictures of each publish that a server has taken, by the key of the stream. */
export class Publishes {
  readonly all: Array<{ readonly key: string; readonly pictures: Array<Received> }> = []

  get pictures(): Array<Received> {
    return this.all.flatMap(({ pictures }) => pictures)
  }
}

/** A network that remembers the ends at which connections were accepted. */
export const network = () => {
  const accepted: Array<Memory.MemoryConnection> = []
  const { connect, listen } = Memory.make()
  const transport: Transport["Service"] = {
    connect,
    listen: (endpoint, options, onConnection) =>
      listen(endpoint, options, (connection) => {
        accepted.push(connection as Memory.MemoryConnection)
        return onConnection(connection)
      })
  }
  return { transport, accepted }
}

/** A server, with what is published to it. Ends with the scope or by `kill`. */
export const start = Effect.fnUntraced(function* (
  transport: Transport["Service"],
  config: string,
  publishes: Publishes = new Publishes()
) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const identity = Layer.succeed(ServerIdentity, { server: "test", service: "test", pid: 1 })
  const ground = Layer.mergeAll(layerAllowAll, layerText(config), Layer.succeed(Transport, transport), identity)
  const services = yield* Scope.provide(Layer.build(Layer.provideMerge(unguarded, ground)), scope)
  const watch = Context.get(services, SourceRegistry).onSource(
    "witness",
    (source) => {
      const pictures: Array<Received> = []
      publishes.all.push({ key: source.key, pictures })
      const { log } = source
      let next = log.end
      const reader = { position: () => next }
      log.addReader(reader)
      const appended = () => {
        for (; next < log.end; next++) {
          const frame = log.at(next)
          if (frame.kind !== Kind.Video || frame.header) continue
          pictures.push({ number: numberOf(frame), keyframe: frame.keyframe, millis: frame.published })
        }
      }
      return Effect.andThen(
        Effect.addFinalizer(() => Effect.sync(() => log.removeReader(reader))),
        source.observe({ appended })
      )
    },
    "optional"
  )
  yield* Scope.provide(watch, scope)
  return {
    publishes,
    services,
    kill: Scope.close(scope, Exit.void),
    forwards: () => Context.get(services, Forwarder).all(),
    forwarder: Context.get(services, Forwarder),
    publish: Context.get(services, InProcess).publish
  }
})
