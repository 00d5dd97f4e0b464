/** Serves RTMP and RTMPS for as long as the layer lives: one fiber, one scope and one root span per connection. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { rtmpFormats } from "../../domain/rtmp/RtmpFormat.ts"
import { playUrl } from "../../domain/rtmp/ClientUrl.ts"
import { Authorizer } from "../../services/Authorizer.ts"
import { ConnectChallenge } from "../../services/ConnectChallenge.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Playback } from "../../services/Playback.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { type Connection, type Endpoint, type TlsFiles, Transport } from "../../services/Transport.ts"
import { background } from "../telemetry/background.ts"
import { serveInPhases } from "../telemetry/client.ts"
import { rtmpSession } from "./RtmpSession.ts"
import { Watch } from "./Watchdog.ts"

/** Ports of the system's choice differ though they are written alike. */
const endpointKey = ({ host, port }: Endpoint, place: number): string => `${host} ${port === 0 ? `#${place}` : port}`

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
      playback: yield* Playback,
      format: rtmpFormats(),
      watch: new Watch(yield* Clock.Clock)
    }
    yield* background("silent clients", { fatal: false })(services.watch.run)

    // Clients stay when their listener goes. This scope closes after the listeners.
    const connections = yield* Scope.fork(yield* Effect.scope)

    const serve = (connection: Connection) =>
      serveInPhases(sessions, "rtmp", connection, (session) => rtmpSession(services, connection, session))

    const listen = Effect.fnUntraced(function* (name: "RTMP" | "RTMPS", endpoint: Endpoint, tls: TlsFiles | undefined) {
      const port = yield* transport.listen(endpoint, { tls, connections }, serve)
      yield* listeners.add({ name, host: endpoint.host, port })
      const schema = name === "RTMP" ? "rtmp" : "rtmps"
      yield* listeners.playable((stream) => [playUrl(stream, schema, "localhost", port)])
    })

    yield* listeners.follow(() => {
      const { listen: endpoints, rtmps } = settings.current()
      const { cert, enabled, key, listen: secure } = rtmps
      return [
        ...endpoints.map((endpoint, place) => ({
          key: `RTMP ${endpointKey(endpoint, place)}`,
          open: listen("RTMP", endpoint, undefined)
        })),
        ...(enabled ? secure : []).map((endpoint, place) => ({
          key: `RTMPS ${endpointKey(endpoint, place)} ${key} ${cert}`,
          tls: { key, cert },
          open: listen("RTMPS", endpoint, { key, cert })
        }))
      ]
    })
  })
)
