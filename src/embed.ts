/**
 * The server inside another program. `layer` is the whole server as one Layer; `publish` and `subscribe` speak to it
 * frame by frame. A protocol of your own is a Layer on top: `MyProtocol.layer.pipe(Layer.provideMerge(layer(…)))`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { layerEmbedded, machineFacts } from "./layers/config/Settings.ts"
import { makeSessionId } from "./layers/telemetry/session.ts"
import * as Memory from "./layers/transport/Memory.ts"
import * as Tcp from "./layers/transport/Tcp.ts"
import { coreTables } from "./domain/config/directives/core.ts"
import { noEnvironment, type Environment } from "./domain/config/environment.ts"
import type { Table } from "./domain/config/Entry.ts"
import { makeServerId } from "./domain/process/serverId.ts"
import { server, unguarded } from "./server.ts"
import type { Authorizer } from "./services/Authorizer.ts"
import { InProcess, type Target } from "./services/InProcess.ts"
import { ServerIdentity } from "./services/ServerIdentity.ts"

export interface Options {
  /** Text of a configuration file; what it leaves out has its default. */
  readonly config?: string
  /** Opens the ports that the configuration names. Without it nothing outside of this process reaches the server. */
  readonly ports?: boolean
  /** Directives of protocols of your own, made with `table`. */
  readonly tables?: ReadonlyArray<Table>
  /** Variables that override the configuration (`SRS_*`); none by default. */
  readonly environment?: Environment
  /** Decides who may publish and play; by default the configuration says it. */
  readonly authorizer?: Layer.Layer<Authorizer>
}

const identity = Layer.effect(
  ServerIdentity,
  Effect.gen(function* () {
    const random = yield* Random.Random
    const id = makeServerId(() => random.nextDoubleUnsafe())
    return { server: id, service: yield* makeSessionId, pid: process.pid }
  })
)

/** The server, for as long as the layer lives, with all its services. Logs and traces go where the program's own go. */
export const layer = (options: Options = {}) => {
  const { config = "", environment = noEnvironment, ports = false, tables = [] } = options
  const facts = ports ? { facts: machineFacts() } : {}
  const settings = layerEmbedded(config, { tables: [...coreTables, ...tables], environment, ...facts })
  const transport = ports ? Tcp.layer : Memory.layerMemory
  const { authorizer } = options
  const whole = authorizer === undefined ? server : Layer.provideMerge(unguarded, authorizer)
  return Layer.provideMerge(whole, Layer.mergeAll(settings, transport, identity))
}

/** Publishes `app/stream` until the scope closes. */
export const publish = (target: Target) => Effect.flatMap(InProcess, (server) => server.publish(target))

/** The frames of `app/stream`: waits for its publisher, begins at the newest keyframe, ends when the publisher has left. */
export const subscribe = (target: Target) => Stream.unwrap(Effect.map(InProcess, (server) => server.subscribe(target)))
