/** Serves viewers of the toy protocol, who send one line, `PLAY app/stream`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { identifyClient, serveClient } from "../../../src/layers/telemetry/client.ts"
import { Authorizer } from "../../../src/services/Authorizer.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { Playback } from "../../../src/services/Playback.ts"
import { type Session, Sessions } from "../../../src/services/Sessions.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { type Connection, Transport } from "../../../src/services/Transport.ts"
import { toyOutput } from "./directives.ts"
import { dumpFormat } from "./dumpFormat.ts"

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const settings = yield* Settings
    const transport = yield* Transport
    const sessions = yield* Sessions
    const authorizer = yield* Authorizer
    const playback = yield* Playback
    const listeners = yield* Listeners

    const converse = Effect.fnUntraced(function* (connection: Connection, session: Session) {
      const line = Buffer.from(yield* connection.read).toString("latin1")
      const [, app = "", stream = ""] = /^PLAY ([^ /]+)\/([^ /]+)\n$/.exec(line) ?? []
      const vhost = settings.vhost("__defaultVhost__")
      if (vhost === undefined) return
      const request = { session, stream: { vhost: vhost.name, app, stream }, param: "", tcUrl: "", pageUrl: "" }
      yield* identifyClient(request, "play", "toy-play")
      const permit = yield* Effect.withSpan(authorizer.play(request), "Authorizer.play")
      yield* playback.view(permit, {
        format: dumpFormat(settings.vhostOf(toyOutput, vhost).toyPlay.keyframesOnly),
        sink: connection,
        session,
        endWithPublisher: true,
        owner: { fail: (error) => connection.stopReading(error.message) }
      })
      yield* connection.readWhile(() => true)
    })

    const { enabled, listen } = settings.of(toyOutput).toyOutput
    if (!enabled) return
    const port = yield* transport.listen(listen, {}, (connection) =>
      serveClient(sessions, "toy", connection, (session) => converse(connection, session))
    )
    yield* listeners.add({ name: "TOY OUT", host: listen.host, port })
    yield* listeners.playable(({ app, stream }) => [`toy://localhost:${port}/${app}/${stream}`])
  })
)
