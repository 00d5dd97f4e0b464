/** Takes publishers of the toy protocol. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { identifyClient, serveClient } from "../../../src/layers/telemetry/client.ts"
import { Authorizer } from "../../../src/services/Authorizer.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { type Session, Sessions } from "../../../src/services/Sessions.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { SourceRegistry, type TakenOver } from "../../../src/services/SourceRegistry.ts"
import { type Connection, Transport } from "../../../src/services/Transport.ts"
import { toyInput } from "./directives.ts"
import { type MalformedLine, ToyReader } from "./lines.ts"

const noBytes = new Uint8Array(0)

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const settings = yield* Settings
    const transport = yield* Transport
    const sessions = yield* Sessions
    const authorizer = yield* Authorizer
    const registry = yield* SourceRegistry
    const listeners = yield* Listeners

    const readName = Effect.fnUntraced(function* (connection: Connection, reader: ToyReader) {
      while (true) {
        const error = reader.push(yield* connection.read, () => undefined)
        if (error !== undefined) return yield* Effect.fail(error)
        if (reader.name !== undefined) return reader.name
      }
    })

    const converse = Effect.fnUntraced(function* (connection: Connection, session: Session) {
      const reader = new ToyReader()
      const stream = { vhost: "__defaultVhost__", ...(yield* readName(connection, reader)) }
      const request = { session, stream, param: "", tcUrl: "", pageUrl: "" }
      yield* identifyClient(request, "publish", "toy-publish")
      const permit = yield* Effect.withSpan(authorizer.publish(request), "Authorizer.publish")
      let failure: MalformedLine | TakenOver | undefined
      const { append, flush } = yield* registry.publish(permit, (error) => {
        failure = error
        connection.stopReading(error.message)
      })
      connection.write(Buffer.from("OK\n"))
      const onBytes = (bytes: Uint8Array): boolean => {
        failure = reader.push(bytes, (frame) => {
          session.counters.framesIn++
          append(frame)
        })
        flush()
        return failure === undefined
      }
      onBytes(noBytes)
      yield* Effect.catch(connection.readWhile(onBytes), (closed) => Effect.fail(failure ?? closed))
      if (failure !== undefined) yield* Effect.fail(failure)
    })

    const { enabled, listen } = settings.of(toyInput).toyInput
    if (!enabled) return
    const port = yield* transport.listen(listen, {}, (connection) =>
      serveClient(sessions, "toy", connection, (session) => converse(connection, session))
    )
    yield* listeners.add({ name: "TOY IN", host: listen.host, port })
  })
)
