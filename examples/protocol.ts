/**
 * An input protocol of one's own as one Layer: over TCP a client names its stream in the first line, then sends one
 * picture a line, its milliseconds and its bytes in hexadecimal. Run it: `bun examples/protocol.ts`, then
 * `printf 'live/camera\n0 0102\n40 0304\n' | nc localhost 5000` with an RTMP player at rtmp://localhost/live/camera.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Sluice from "sluice"
import { fourCcOf } from "sluice/domain/codec/CodecId"
import { videoFrame } from "sluice/domain/flv/Enhanced"
import { identifyClient, serveClient } from "sluice/layers/telemetry/client"
import { Authorizer } from "sluice/services/Authorizer"
import { Listeners } from "sluice/services/Listeners"
import { type Session, Sessions } from "sluice/services/Sessions"
import { SourceRegistry } from "sluice/services/SourceRegistry"
import { type Connection, Transport } from "sluice/services/Transport"

const port = 5000
const codec = fourCcOf("line") ?? 0

const pictureOf = (line: string) => {
  const [time, hex] = line.split(" ")
  return videoFrame({ codec, keyframe: true, data: Buffer.from(hex ?? "", "hex") }, Number(time) >>> 0)
}

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const transport = yield* Transport
    const sessions = yield* Sessions
    const authorizer = yield* Authorizer
    const registry = yield* SourceRegistry

    const converse = Effect.fnUntraced(function* (connection: Connection, session: Session) {
      let text = ""
      const lines = Effect.map(connection.read, (bytes) => {
        const parts = (text + Buffer.from(bytes).toString("latin1")).split("\n")
        text = parts.pop() ?? ""
        return parts
      })
      const [name = "", ...pictures] = yield* Effect.repeat(lines, { until: (lines) => lines.length > 0 })
      const [app = "", stream = ""] = name.split("/")
      const request = { session, stream: { vhost: "__defaultVhost__", app, stream }, param: "", tcUrl: "", pageUrl: "" }
      yield* identifyClient(request, "publish", "line-publish")
      const permit = yield* authorizer.publish(request)
      const { append, flush } = yield* registry.publish(permit, (error) => connection.stopReading(error.message))
      for (let next = pictures; ; next = yield* lines) {
        session.counters.framesIn += next.length
        for (const line of next) append(pictureOf(line))
        flush()
      }
    })

    yield* transport.listen({ host: "", port }, {}, (connection) =>
      serveClient(sessions, "line", connection, (session) => converse(connection, session))
    )
    yield* (yield* Listeners).add({ name: "LINE", host: "", port })
  })
)

const server = layer.pipe(Layer.provideMerge(Sluice.layer({ ports: true })))

if (import.meta.main) await Effect.runPromise(Layer.launch(server))
