/** MPDs and segments over HTTP. The MPD is made for each request: it tells the time. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mpdText } from "../../domain/dash/mpd.ts"
import { vhostsOf } from "../../domain/http/mount.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { reasonPhrase } from "../../domain/http/ResponseHead.ts"
import { mimeType } from "../../domain/static/mimeType.ts"
import { Dash, type DashFound, type DashOutput } from "../../services/Dash.ts"
import { HttpGateway, type PlainAnswer } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Settings } from "../../services/Settings.ts"
import { mpdFileOf } from "./options.ts"

const short = (status: number): PlainAnswer => ({
  status,
  headers: [["Content-Type", "text/plain; charset=utf-8"]],
  body: reasonPhrase(status)
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const dash = yield* Dash
    const settings = yield* Settings
    const listeners = yield* Listeners

    const find = (head: RequestHead): DashFound | undefined => {
      for (const { exact, path, vhost: name } of vhostsOf({ ...head, query: parseQuery(head.query) })) {
        const vhost = settings.vhost(name)
        if (vhost === undefined || (exact && vhost.name !== name)) continue
        const found = dash.find(vhost.name, path.slice(1))
        if (found !== undefined) return found
      }
      return undefined
    }

    const answerMpd = Effect.fnUntraced(function* (head: RequestHead, output: DashOutput) {
      const mpd = output.mpd()
      if (mpd === undefined) return short(404)
      return {
        status: 200,
        headers: [
          ["Content-Type", mimeType(output.mpdFile)],
          ["Cache-Control", "no-cache"]
        ],
        // Whoever names a vhost, or a token, does so for the segments too.
        body: mpdText(mpd, { nowMillis: yield* Clock.currentTimeMillis, query: head.query })
      } satisfies PlainAnswer
    })

    const answerFile = (path: string, { read }: Extract<DashFound, { _tag: "File" }>): Effect.Effect<PlainAnswer> =>
      read.pipe(
        Effect.map((bytes) =>
          bytes === undefined
            ? short(404)
            : { status: 200, headers: [["Content-Type", mimeType(path)]] as const, body: bytes }
        ),
        Effect.catch((error) => Effect.as(Effect.logWarning("dash file not served", error), short(503)))
      )

    yield* gateway.plain({
      listener: "server",
      path: "/",
      claims: (head) => find(head) !== undefined,
      answer: ({ head }) => {
        const found = find(head)
        if (found === undefined) return Effect.undefined
        if (head.method !== "GET" && head.method !== "HEAD") return Effect.succeed(short(405))
        return found._tag === "Mpd" ? answerMpd(head, found.output) : answerFile(head.path, found)
      }
    })
    yield* listeners.playable((stream) => {
      const vhost = settings.vhost(stream.vhost)
      if (vhost === undefined || !vhost.dash.enabled) return []
      const file = mpdFileOf(vhost.dash, stream)
      return gateway
        .endpoints()
        .filter(({ server }) => server)
        .map(({ port, scheme }) => `${scheme}://localhost:${port}/${encodeURI(file)}`)
    })
  })
)
