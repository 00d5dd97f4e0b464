/** Serves RTMP and RTMPS for as long as the layer lives: one fiber, one scope and one root span per connection. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { playUrl } from "../../domain/rtmp/ClientUrl.ts"
import { Authorizer } from "../../services/Authorizer.ts"
import { ConnectChallenge } from "../../services/ConnectChallenge.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Playback } from "../../services/Playback.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { type Connection, type TlsFiles, Transport } from "../../services/Transport.ts"
import { serveClient } from "../telemetry/client.ts"
import { rtmpSession } from "./RtmpSession.ts"

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const settings = yield* Settings
    const transport = yield* Transport
    const sessions = yield* Sessions
    const listeners = yield* Listeners
    const services = {
      settings,
      authorizer: yield* Authorizer,
      challenge: yield* ConnectChallenge,
      registry: yield* SourceRegistry,
      playback: yield* Playback
    }

    const serve = (connection: Connection) =>
      serveClient(sessions, "rtmp", connection, (session) => rtmpSession(services, connection, session))

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
