/** Playlists and segments over HTTP, for those who were let in. With `hls_ctx` each viewer is sent to a list of its own. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Directives, isListed, isTooFar, readDirectives } from "../../domain/hls/delivery.ts"
import { masterPlaylistText } from "../../domain/hls/masterPlaylist.ts"
import { lowLatencyText, type Playlist, playlistText } from "../../domain/hls/Playlist.ts"
import { rosterFile } from "../../domain/hls/roster.ts"
import { vhostsOf } from "../../domain/http/mount.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { reasonPhrase } from "../../domain/http/ResponseHead.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import { bracketed } from "../../domain/rtmp/UrlText.ts"
import { reportOf } from "../../domain/stats/PlayerReports.ts"
import { type SegmentViewer, type SegmentViewerRequest, SegmentViewers } from "../../services/SegmentViewers.ts"
import { type HlsFile, type HlsFound, type HlsOutput, HlsSegmenter } from "../../services/HlsSegmenter.ts"
import {
  HttpGateway,
  type PlainAnswer,
  type PlainRequest,
  type ReadyAnswer,
  type ReadyRequest
} from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Settings } from "../../services/Settings.ts"
import { countedWarning } from "../telemetry/countedWarning.ts"
import { playlistFileOf } from "./options.ts"

type FoundFile = Extract<HlsFound, { _tag: "File" }>

const contextKey = "hls_ctx"
const playlistType = "application/vnd.apple.mpegurl"

const short = (status: number): ReadyAnswer => ({
  status,
  headers: [["Content-Type", "text/plain; charset=utf-8"]],
  body: reasonPhrase(status)
})

/** A list changes with every segment. */
const list = (body: string): ReadyAnswer => ({
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

/** What is another in each request: a context that is not its own, what the list is asked for, what the player tells. */
const passing = /^(?:hls_ctx|_HLS_\w+|CMCD)=/

/** What of the query goes on to the player's own list, and says who asks. */
const originalQuery = (query: string): string =>
  query
    .replace(/^\?/, "")
    .split("&")
    .filter((pair) => pair !== "" && !passing.test(pair))
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

const textOf = (playlist: Playlist, query: string, skip: boolean): string => {
  const { lowLatency } = playlist
  return lowLatency === undefined ? playlistText(playlist, query) : lowLatencyText(playlist, lowLatency, query, skip)
}

/** The first list of a stream that is published is waited for by who asks for what is in it; others are told at once. */
const isExpected = (output: HlsOutput, directives: Directives | undefined): boolean =>
  directives?.until !== undefined && output.isLive()

/** Lists without parts come at once, whatever they are asked for. */
const isThere = (playlist: Playlist, { until }: Directives): boolean =>
  until === undefined || playlist.lowLatency === undefined || isListed(playlist, until)

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const segmenter = yield* HlsSegmenter
    const settings = yield* Settings
    const listeners = yield* Listeners
    const viewers = yield* SegmentViewers
    const clock = yield* Clock.Clock
    const notServed = yield* countedWarning("hls file not served", "hls.requests")

    const find = (head: RequestHead, query = parseQuery(head.query)): HlsFound | undefined => {
      for (const { exact, path, vhost: name } of vhostsOf({ host: head.host, path: head.path, query })) {
        const vhost = settings.vhost(name)
        if (vhost === undefined || (exact && vhost.name !== name)) continue
        const found = segmenter.find(vhost.name, path.slice(1))
        if (found !== undefined) return found
      }
      return undefined
    }

    const counted = (viewer: SegmentViewer, answer: ReadyAnswer): ReadyAnswer => {
      viewer.lastRequestAt = clock.currentTimeMillisUnsafe()
      viewer.requests++
      viewer.bytes += answer.body.length
      return answer
    }

    const heard = ({ session }: SegmentViewer, { headers }: RequestHead, query: ReadonlyMap<string, string>): void =>
      session.player?.note(reportOf(query, headers))

    /** Whose context the query names, if it is a viewer of this stream. */
    const named = (query: ReadonlyMap<string, string>, { stream }: HlsOutput): SegmentViewer | undefined => {
      const viewer = viewers.find(query.get(contextKey) ?? "")
      return viewer !== undefined && streamKey(viewer.stream) === streamKey(stream) ? viewer : undefined
    }

    const entryOf = ({ address, encrypted, head }: PlainRequest, { stream }: HlsOutput): SegmentViewerRequest => {
      const param = originalQuery(head.query)
      return {
        protocol: "hls",
        clientType: "hls-play",
        address,
        stream,
        param: param === "" ? "" : `?${param}`,
        // Without port, and the stream with extension: as SRS tells it.
        tcUrl: `${encrypted ? "https" : "http"}://${bracketed(head.host)}/${stream.app}`,
        pageUrl: head.headers.get("referer") ?? "",
        extension: ".m3u8",
        authorization: head.headers.get("authorization"),
        expiryMillis: () => 2 * (settings.vhost(stream.vhost)?.hls.windowMillis ?? 0)
      }
    }

    /** Waits until there is a list; the status of an answer without it. */
    const untilBegun = (output: HlsOutput) =>
      Effect.map(output.begun, (waited) => (waited === "ready" ? undefined : waited === "late" ? 404 : 503))

    /** A list of the viewer's own, that a master list sends it to. */
    const enter = Effect.fnUntraced(function* (request: PlainRequest, output: HlsOutput) {
      const viewer = yield* viewers.enter(entryOf(request, output))
      const { head } = request
      heard(viewer, head, parseQuery(head.query))
      const failure = yield* untilBegun(output)
      if (failure !== undefined) return short(failure)
      const query = joined(`${contextKey}=${viewer.session.id}`, originalQuery(head.query))
      return counted(viewer, list(masterPlaylistText(`${escapedPath(head.path)}?${query}`, output.variant())))
    })

    /** The list for a viewer who is known, as it is. */
    const listFor = (
      viewer: SegmentViewer,
      query: ReadonlyMap<string, string>,
      output: HlsOutput,
      { skip }: Directives
    ) => {
      const playlist = output.playlist()
      const hls = settings.vhost(output.stream.vhost)?.hls
      if (playlist === undefined || hls === undefined) return undefined
      const context = hls.ctx && hls.segmentCtx ? `${contextKey}=${viewer.session.id}` : ""
      return counted(viewer, list(textOf(playlist, joined(context, vhostQuery(query)), skip)))
    }

    /** Waits until the list has what it is asked for; the status of an answer without it. */
    const untilThere = Effect.fnUntraced(function* (output: HlsOutput, directives: Directives) {
      const failure = yield* untilBegun(output)
      if (failure !== undefined) return failure
      const playlist = output.playlist()
      const { until } = directives
      if (playlist === undefined || until === undefined || isThere(playlist, directives)) return undefined
      if (isTooFar(playlist, until)) return 400
      const waited = yield* output.listed(until)
      // Where nobody publishes nothing is late: there is the list as it is.
      return waited === "crowded" || (waited === "late" && output.isLive()) ? 503 : undefined
    })

    const answerPlaylist = Effect.fnUntraced(function* (request: PlainRequest, output: HlsOutput) {
      const hls = settings.vhost(output.stream.vhost)?.hls
      const query = parseQuery(request.head.query)
      const directives = readDirectives(query)
      if (hls === undefined || (output.playlist() === undefined && !isExpected(output, directives))) return short(404)
      if (directives === undefined) return short(400)
      if (hls.ctx && viewers.wasKicked(query.get(contextKey) ?? "")) return short(404)
      const viewer = hls.ctx ? named(query, output) : yield* viewers.admit(entryOf(request, output))
      if (viewer === undefined) return yield* enter(request, output)
      heard(viewer, request.head, query)
      const failure = yield* untilThere(output, directives)
      return failure === undefined ? (listFor(viewer, query, output, directives) ?? short(404)) : short(failure)
    })

    const fileFor = (viewer: SegmentViewer, { contentType }: HlsFile, bytes: Uint8Array) =>
      counted(viewer, { status: 200, headers: [["Content-Type", contentType]], body: bytes })

    const answerFile = Effect.fnUntraced(function* (request: PlainRequest, { file, output }: FoundFile) {
      const query = parseQuery(request.head.query)
      const known = named(query, output) ?? viewers.at(request.address, output.stream)
      const viewer = known ?? (yield* viewers.admit(entryOf(request, output)))
      heard(viewer, request.head, query)
      const bytes = yield* file.read
      return bytes === undefined ? short(404) : fileFor(viewer, file, bytes)
    })

    /** Of those who were let in, what is in memory. */
    const ready = ({ address, head }: ReadyRequest): ReadyAnswer | undefined => {
      const query = parseQuery(head.query)
      const found = isRoster(head) ? undefined : find(head, query)
      if (found === undefined) return undefined
      const viewer = named(query, found.output)
      if (found._tag === "Playlist") {
        const isOwn = settings.vhost(found.output.stream.vhost)?.hls.ctx === true
        const playlist = found.output.playlist()
        const directives = readDirectives(query)
        if (viewer === undefined || !isOwn || playlist === undefined || directives === undefined) return undefined
        if (!isThere(playlist, directives)) return undefined
        heard(viewer, head, query)
        return listFor(viewer, query, found.output, directives)
      }
      const known = viewer ?? viewers.at(address, found.output.stream)
      const bytes = known && found.file.ready()
      if (known === undefined || bytes === undefined) return undefined
      heard(known, head, query)
      return fileFor(known, found.file, bytes)
    }

    const answer = (request: PlainRequest, found: HlsFound): Effect.Effect<PlainAnswer> => {
      const answered = found._tag === "Playlist" ? answerPlaylist(request, found.output) : answerFile(request, found)
      return answered.pipe(
        Effect.catchTags({
          Refused: ({ status }) => Effect.succeed(status === 401 ? login : short(status)),
          SessionKicked: () => Effect.succeed(short(404)),
          TooManyConnections: () => Effect.succeed(short(503)),
          StoreFailed: (error) => Effect.as(notServed(error, {}), short(503))
        })
      )
    }

    yield* gateway.plain({
      listener: "server",
      path: "/",
      claims: (head) => isRoster(head) || find(head) !== undefined,
      ready,
      answer: (request) => {
        if (isRoster(request.head)) return Effect.succeed(short(404))
        const found = find(request.head)
        if (found === undefined) return Effect.undefined
        if (request.head.method !== "GET" && request.head.method !== "HEAD") return Effect.succeed(short(405))
        return answer(request, found)
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
