/** MPDs and segments over HTTP. The MPD is made for each request: it tells the time. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { clockText, type Mpd, mpdText } from "../../domain/dash/mpd.ts"
import { vhostsOf } from "../../domain/http/mount.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import { reasonPhrase } from "../../domain/http/ResponseHead.ts"
import { mimeType } from "../../domain/static/mimeType.ts"
import { reportOf } from "../../domain/stats/PlayerReports.ts"
import { Dash, type DashFound, type DashOutput } from "../../services/Dash.ts"
import { HttpGateway, type PlainAnswer, type PlainRequest } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import type { SegmentViewer } from "../../services/SegmentViewers.ts"
import { Settings } from "../../services/Settings.ts"
import { countedWarning } from "../telemetry/countedWarning.ts"
import { clockFile, folderOf, mpdFileOf } from "./options.ts"
import { contextKey, makeDashViewers, originalQuery } from "./viewers.ts"

const short = (status: number): PlainAnswer => ({
  status,
  headers: [["Content-Type", "text/plain; charset=utf-8"]],
  body: reasonPhrase(status)
})

const login: PlainAnswer = {
  ...short(401),
  headers: [...short(401).headers, ["WWW-Authenticate", 'Basic realm="live", charset="UTF-8"']]
}

const clockPath = (mpdPath: string): string => folderOf(mpdPath.slice(1)) + clockFile

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const dash = yield* Dash
    const settings = yield* Settings
    const listeners = yield* Listeners
    const viewers = yield* makeDashViewers
    const notServed = yield* countedWarning("dash file not served", "dash.requests")

    const find = (head: RequestHead): DashFound | undefined => {
      for (const { exact, path, vhost: name } of vhostsOf({ ...head, query: parseQuery(head.query) })) {
        const vhost = settings.vhost(name)
        if (vhost === undefined || (exact && vhost.name !== name)) continue
        const found = dash.find(vhost.name, path.slice(1))
        if (found !== undefined) return found
      }
      return undefined
    }

    /** A viewer that asks for nothing for so long has left. */
    const expiryOf = (stream: StreamName) => (): number => {
      const dash = settings.vhost(stream.vhost)?.dash
      return dash === undefined ? 0 : 2 * Math.max(dash.updatePeriodMillis, dash.windowSegments * dash.fragmentMillis)
    }

    const heard = ({ session }: SegmentViewer, { headers, query }: RequestHead): void =>
      session.player?.note(reportOf(parseQuery(query), headers))

    const mpdFor = Effect.fnUntraced(function* (
      { encrypted, head }: PlainRequest,
      output: DashOutput,
      mpd: Mpd,
      viewer: SegmentViewer
    ) {
      heard(viewer, head)
      const query = `?${[`${contextKey}=${viewer.session.id}`, originalQuery(head)].filter(Boolean).join("&")}`
      const body = mpdText(mpd, {
        nowMillis: yield* Clock.currentTimeMillis,
        clockUrl: `${encrypted ? "https" : "http"}://${head.authority}/${encodeURI(clockPath(head.path))}`,
        location: encodeURIComponent(head.path.slice(head.path.lastIndexOf("/") + 1)) + query,
        query
      })
      yield* viewers.count(viewer, body.length)
      const headers: PlainAnswer["headers"] = [
        ["Content-Type", mimeType(output.mpdFile)],
        ["Cache-Control", "no-cache"]
      ]
      return { status: 200, headers, body } satisfies PlainAnswer
    })

    const answerMpd = (request: PlainRequest, output: DashOutput): Effect.Effect<PlainAnswer> => {
      const mpd = output.mpd()
      if (mpd === undefined || viewers.wasKicked(request.head)) return Effect.succeed(short(404))
      return viewers.enter(request, output.stream, expiryOf(output.stream)).pipe(
        Effect.flatMap((viewer) => mpdFor(request, output, mpd, viewer)),
        Effect.catchTag("Refused", ({ needsLogin }) => Effect.succeed(needsLogin === true ? login : short(403))),
        Effect.catchTag("TooManyConnections", () => Effect.succeed(short(503)))
      )
    }

    const answerFile = Effect.fnUntraced(
      function* ({ path, ...head }: RequestHead, found: Extract<DashFound, { _tag: "File" }>) {
        const viewer = viewers.named({ path, ...head }, found.output.stream)
        if (viewer === undefined) return short(403)
        heard(viewer, { path, ...head })
        const body = yield* found.body
        if (body === undefined) return short(404)
        const headers: PlainAnswer["headers"] = [["Content-Type", mimeType(path)]]
        if (body instanceof Uint8Array) {
          yield* viewers.count(viewer, body.length)
          return { status: 200, headers, body } satisfies PlainAnswer
        }
        const next = Effect.tap(body.read(), (piece) => viewers.count(viewer, piece === "end" ? 0 : piece.length))
        return { status: 200, headers, body: { length: undefined, next } } satisfies PlainAnswer
      },
      Effect.catch((error) => Effect.as(notServed(error, {}), short(503)))
    )

    const answerClock = Effect.map(Clock.currentTimeMillis, (now): PlainAnswer => {
      const headers: PlainAnswer["headers"] = [
        ["Content-Type", "text/plain; charset=utf-8"],
        ["Cache-Control", "no-store"]
      ]
      return { status: 200, headers, body: clockText(now) }
    })

    yield* gateway.plain({
      listener: "server",
      path: "/",
      claims: (head) => find(head) !== undefined,
      answer: (request) => {
        const { head } = request
        const found = find(head)
        if (found === undefined) return Effect.undefined
        if (head.method !== "GET" && head.method !== "HEAD") return Effect.succeed(short(405))
        if (found._tag === "Clock") return answerClock
        return found._tag === "Mpd" ? answerMpd(request, found.output) : answerFile(head, found)
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
