/** Playlists and segments over HTTP. With `hls_ctx` each viewer is sent to a list of its own. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { masterPlaylistText, playlistText } from "../../domain/hls/Playlist.ts"
import { rosterFile } from "../../domain/hls/roster.ts"
import { vhostsOf } from "../../domain/http/mount.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { reasonPhrase } from "../../domain/http/ResponseHead.ts"
import { HlsSegmenter, type HlsFound, type HlsOutput } from "../../services/HlsSegmenter.ts"
import { HttpGateway, type PlainAnswer, type PlainRequest } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { type SegmentViewer, SegmentViewers } from "../../services/SegmentViewers.ts"
import { Settings } from "../../services/Settings.ts"
import { playlistFileOf } from "./options.ts"

const contextKey = "hls_ctx"
const playlistType = "application/vnd.apple.mpegurl"

const short = (status: number): PlainAnswer => ({
  status,
  headers: [["Content-Type", "text/plain; charset=utf-8"]],
  body: reasonPhrase(status)
})

/** A list changes with every segment. */
const list = (body: string): PlainAnswer => ({
  status: 200,
  headers: [
    ["Content-Type", playlistType],
    ["Cache-Control", "no-cache"]
  ],
  body
})

/** Names of streams are nobody's business, though the file may lie below the root of the static files. */
const isRoster = ({ path }: RequestHead): boolean => path.endsWith(`/${rosterFile}`)

const escapedPath = (path: string): string => path.split("/").map(encodeURIComponent).join("/")

/** What of the query goes on to the player's own list: all but a context that is not its own. */
const originalQuery = (query: string): string =>
  query
    .replace(/^\?/, "")
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith(`${contextKey}=`))
    .join("&")

const login: PlainAnswer = {
  ...short(401),
  headers: [...short(401).headers, ["WWW-Authenticate", 'Basic realm="live", charset="UTF-8"']]
}

/** The vhost that the query names must be named for the segments too. */
const vhostQuery = (query: ReadonlyMap<string, string>): string => {
  const vhost = query.get("vhost") ?? query.get("domain") ?? ""
  return vhost === "" ? "" : `vhost=${encodeURIComponent(vhost)}`
}

const joined = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("&")

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const segmenter = yield* HlsSegmenter
    const settings = yield* Settings
    const listeners = yield* Listeners
    const viewers = yield* SegmentViewers

    const find = (head: RequestHead): HlsFound | undefined => {
      for (const { exact, path, vhost: name } of vhostsOf({ ...head, query: parseQuery(head.query) })) {
        const vhost = settings.vhost(name)
        if (vhost === undefined || (exact && vhost.name !== name)) continue
        const found = segmenter.find(vhost.name, path.slice(1))
        if (found !== undefined) return found
      }
      return undefined
    }

    const count = Effect.fnUntraced(function* (viewer: SegmentViewer, answer: PlainAnswer) {
      viewer.lastRequestAt = yield* Clock.currentTimeMillis
      viewer.requests++
      if (typeof answer.body === "string") viewer.bytes += answer.body.length
      else if (answer.body instanceof Uint8Array) viewer.bytes += answer.body.length
      return answer
    })

    const isOf = ({ stream }: SegmentViewer, output: HlsOutput): boolean =>
      stream.vhost === output.stream.vhost && stream.app === output.stream.app && stream.stream === output.stream.stream

    const enter = ({ address, encrypted, head }: PlainRequest, output: HlsOutput) => {
      const { stream } = output
      const param = originalQuery(head.query)
      return viewers
        .enter({
          protocol: "hls",
          clientType: "hls-play",
          address,
          stream,
          param: param === "" ? "" : `?${param}`,
          tcUrl: `${encrypted ? "https" : "http"}://${head.authority}/${stream.app}`,
          pageUrl: head.headers.get("referer") ?? "",
          authorization: head.headers.get("authorization"),
          expiryMillis: () => 2 * (settings.vhost(stream.vhost)?.hls.windowMillis ?? 0)
        })
        .pipe(
          Effect.flatMap((viewer) => {
            const query = joined(`${contextKey}=${viewer.session.id}`, param)
            return count(viewer, list(masterPlaylistText(`${escapedPath(head.path)}?${query}`, output.bandwidth())))
          }),
          Effect.catchTag("Refused", ({ needsLogin }) => Effect.succeed(needsLogin === true ? login : short(403))),
          Effect.catchTag("TooManyConnections", () => Effect.succeed(short(503)))
        )
    }

    const answerPlaylist = (request: PlainRequest, output: HlsOutput): Effect.Effect<PlainAnswer> => {
      const { head } = request
      const playlist = output.playlist()
      const hls = settings.vhost(output.stream.vhost)?.hls
      if (playlist === undefined || hls === undefined) return Effect.succeed(short(404))
      const query = parseQuery(head.query)
      const vhost = vhostQuery(query)
      if (!hls.ctx) return Effect.succeed(list(playlistText(playlist, vhost)))
      const id = query.get(contextKey) ?? ""
      if (viewers.wasKicked(id)) return Effect.succeed(short(404))
      const viewer = viewers.find(id)
      if (viewer === undefined || !isOf(viewer, output)) return enter(request, output)
      const context = hls.segmentCtx ? `${contextKey}=${id}` : ""
      return count(viewer, list(playlistText(playlist, joined(context, vhost))))
    }

    const answerFile = Effect.fnUntraced(
      function* (head: RequestHead, { file }: Extract<HlsFound, { _tag: "File" }>) {
        const bytes = yield* file.read
        if (bytes === undefined) return short(404)
        const headers: PlainAnswer["headers"] = [["Content-Type", file.contentType]]
        const answer: PlainAnswer = { status: 200, headers, body: bytes }
        const viewer = viewers.find(parseQuery(head.query).get(contextKey) ?? "")
        return viewer === undefined ? answer : yield* count(viewer, answer)
      },
      Effect.catchTag("StoreFailed", (error) => Effect.as(Effect.logWarning("hls file not served", error), short(503)))
    )

    yield* gateway.plain({
      listener: "server",
      path: "/",
      claims: (head) => isRoster(head) || find(head) !== undefined,
      answer: (request) => {
        if (isRoster(request.head)) return Effect.succeed(short(404))
        const found = find(request.head)
        if (found === undefined) return Effect.undefined
        if (request.head.method !== "GET" && request.head.method !== "HEAD") return Effect.succeed(short(405))
        return found._tag === "Playlist" ? answerPlaylist(request, found.output) : answerFile(request.head, found)
      }
    })
    yield* listeners.playable((stream) => {
      const hls = settings.vhost(stream.vhost)?.hls
      if (hls === undefined || !hls.enabled) return []
      const file = playlistFileOf(hls, stream)
      return gateway
        .endpoints()
        .filter(({ server }) => server)
        .map(({ port, scheme }) => `${scheme}://localhost:${port}/${escapedPath(file)}`)
    })
  })
)
