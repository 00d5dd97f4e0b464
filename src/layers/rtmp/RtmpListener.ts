/** Serves RTMP and RTMPS for as long as the layer lives: one fiber, one scope and one root span per connection. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { playUrl } from "../../domain/rtmp/ClientUrl.ts"
import { Authorizer } from "../../services/Authorizer.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Playback } from "../../services/Playback.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { type Connection, type TlsFiles, Transport } from "../../services/Transport.ts"
import { runSession } from "../telemetry/session.ts"
import { rtmpSession } from "./RtmpSession.ts"

/** Address without port and brackets. */
const hostOf = (peer: string): string => peer.slice(0, peer.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1")

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const settings = yield* Settings
    const transport = yield* Transport
    const sessions = yield* Sessions
    const listeners = yield* Listeners
    const services = {
      settings,
      authorizer: yield* Authorizer,
      registry: yield* SourceRegistry,
      playback: yield* Playback
    }

    const serve = Effect.fnUntraced(
      function* (connection: Connection) {
        const address = hostOf(connection.peer)
        const bytesIn = () => connection.bytesIn()
        const bytesOut = () => connection.bytesOut()
        const session = yield* sessions.open({ protocol: "rtmp", address, bytesIn, bytesOut })
        const fields = {
          "session.id": session.id,
          "client.address": connection.peer,
          "network.protocol.name": "rtmp"
        }
        const summary = () => {
          const { framesDropped, framesIn, framesOut } = session.counters
          return {
            "session.role": session.role,
            "session.bytes_in": bytesIn(),
            "session.bytes_out": bytesOut(),
            "session.frames_in": framesIn,
            "session.frames_out": framesOut,
            "session.frames_dropped": framesDropped
          }
        }
        yield* runSession(fields, { kicked: session.kicked, summary })(rtmpSession(services, connection, session))
      },
      Effect.scoped,
      Effect.catchTag("TooManyConnections", (error) => Effect.logWarning("connection refused", error))
    )

    const listen = Effect.fnUntraced(function* (
      name: "RTMP" | "RTMPS",
      endpoint: { readonly host: string; readonly port: number },
      tls: TlsFiles | undefined
    ) {
      const port = yield* transport.listen(endpoint, { tls }, serve)
      yield* listeners.add({ name, host: endpoint.host, port })
      const schema = name === "RTMP" ? "rtmp" : "rtmps"
      yield* listeners.playable((stream) => [playUrl(stream, schema, "localhost", port)])
    })

    const { listen: endpoints, rtmps } = settings.current()
    for (const endpoint of endpoints) yield* listen("RTMP", endpoint, undefined)
    if (!rtmps.enabled) return
    for (const endpoint of rtmps.listen) yield* listen("RTMPS", endpoint, { key: rtmps.key, cert: rtmps.cert })
  })
)
