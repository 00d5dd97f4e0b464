/** Live streams over HTTP and WebSocket: what every format has in common. A format is one row and one layer. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { compileMount, type Mount, type MountedName, matchMount, mountUrl, vhostsOf } from "../../domain/http/mount.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { StartPolicy } from "../../domain/media/Cursor.ts"
import type { Format } from "../../domain/media/Format.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import { streamKey, type StreamName } from "../../domain/media/StreamName.ts"
import { type AccessRequest, Authorizer } from "../../services/Authorizer.ts"
import { HttpGateway, type LiveExchange } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Playback, type ViewerEnd } from "../../services/Playback.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { identifyClient } from "../telemetry/client.ts"

export interface HttpLiveFormat {
  /** With its dot; the mounts that end in it serve this format. */
  readonly extension: string
  readonly contentType: string
  /** The client type of log, API and callbacks. */
  readonly clientType: string
  /** `sourceIsAbsolute`: the publisher has said that its times are. */
  readonly format: (vhost: VhostSettings, sourceIsAbsolute: boolean) => Format
  /** Where its viewers enter, if not where the GOP cache says. */
  readonly start?: (vhost: VhostSettings) => StartPolicy
  /** Whether the format can carry a stream, undefined as long as that cannot be told. Without it any. */
  readonly carries?: (log: SourceLog) => boolean | undefined
}

interface Found extends MountedName {
  readonly vhost: VhostSettings
}

/** Templates compiled so far; a configuration has few. */
const mounts: Map<string, Mount> = new Map()
const maxMounts = 1024

const mountOf = (template: string): Mount => {
  const known = mounts.get(template)
  if (known !== undefined) return known
  if (mounts.size >= maxMounts) mounts.clear()
  const mount = compileMount(template)
  mounts.set(template, mount)
  return mount
}

/** The template of the mount with this extension: the vhost's own, or that of one of its further `formats`. */
export const templateFor = ({ formats, mount }: VhostSettings["httpRemux"], extension: string): string | undefined => {
  const own = mountOf(mount).extension
  if (own === extension) return mount
  if (!formats.includes(extension.slice(1))) return undefined
  return `${own === "" ? mount : mount.slice(0, -own.length)}${extension}`
}

/** The stream that a request means, or `undefined` if no mount of the extension matches its path. */
export const findStream = (
  vhostOf: (name: string) => VhostSettings | undefined,
  head: RequestHead,
  extension: string
): Found | undefined => {
  for (const { exact, path, vhost: name } of vhostsOf({ ...head, query: parseQuery(head.query) })) {
    const vhost = vhostOf(name)
    if (vhost === undefined || !vhost.httpRemux.enabled || (exact && vhost.name !== name)) continue
    const template = templateFor(vhost.httpRemux, extension)
    if (template === undefined) continue
    const mount = mountOf(template)
    if (exact && !mount.vhostPrefix) continue
    const found = matchMount(mount, path)
    if (found !== undefined) return { ...found, vhost }
  }
  return undefined
}

const accessRequest = ({ head, session }: LiveExchange, stream: StreamName): AccessRequest => ({
  session,
  stream,
  param: head.query,
  // What SRS says, whatever the scheme of the request.
  tcUrl: `rtmp://${stream.vhost}/${stream.app}`,
  pageUrl: head.headers.get("referer") ?? "",
  authorization: head.headers.get("authorization")
})

const playFacts = ({ minLatency, play }: VhostSettings) => ({
  "play.send_min_interval_ms": play.sendMinIntervalMillis,
  "play.merged_write_ms": play.mwLatencyMillis,
  "play.min_latency": minLatency
})

/** Serves a format at all mounts with its extension until the scope closes. */
export const contribute = Effect.fnUntraced(function* (
  row: HttpLiveFormat
): Effect.fn.Return<
  void,
  never,
  HttpGateway | Listeners | Settings | Authorizer | SourceRegistry | Playback | Scope.Scope
> {
  const gateway = yield* HttpGateway
  const settings = yield* Settings
  const authorizer = yield* Authorizer
  const playback = yield* Playback
  const registry = yield* SourceRegistry
  const listeners = yield* Listeners

  const play = Effect.fnUntraced(function* (exchange: LiveExchange, { app, stream, vhost }: Found) {
    const request = accessRequest(exchange, { vhost: vhost.name, app, stream })
    yield* identifyClient(request, "play", row.clientType, { "session.websocket": exchange.websocket })
    const permit = yield* authorizer.play(request).pipe(
      Effect.tapError(({ status }) => exchange.refuse(status)),
      Effect.withSpan("http.authorize")
    )
    const live = registry.find(streamKey(request.stream))
    if (live !== undefined && row.carries?.(live.log) === false) {
      yield* Effect.logWarning("format cannot carry the stream")
      return yield* exchange.refuse(404)
    }
    const sink = yield* exchange.open
    yield* Effect.makeSpanScoped("http.play")
    let end: ViewerEnd | undefined
    const { source } = yield* playback.view(permit, {
      format: row.format(vhost, live?.absoluteTimes() ?? false),
      ...(row.start === undefined ? {} : { start: row.start(vhost) }),
      sink,
      session: exchange.session,
      endWithPublisher: true,
      owner: {
        fail: (error) => {
          end = error
          exchange.stop()
        }
      }
    })
    const { carries } = row
    if (carries !== undefined) {
      // Until the stream has told, at most once a read of the publisher.
      let carried = carries(source.log)
      const appended = () => {
        if (carried !== undefined) return
        carried = carries(source.log)
        if (carried === false) exchange.stop()
      }
      yield* source.observe({ appended })
    }
    yield* Effect.logInfo("play started").pipe(Effect.annotateLogs(playFacts(vhost)))
    yield* exchange.closed
    if (end?._tag === "ViewerStalled") return yield* Effect.fail(end)
    if (end?._tag === "ViewerFailed") return yield* Effect.die(end.defect)
  })

  yield* listeners.playable((stream) => {
    const vhost = settings.vhost(stream.vhost)
    if (vhost === undefined || !vhost.httpRemux.enabled) return []
    const mount = templateFor(vhost.httpRemux, row.extension)
    if (mount === undefined) return []
    return gateway
      .endpoints()
      .filter(({ server }) => server)
      .flatMap(({ port, scheme }) =>
        [scheme, scheme === "http" ? "ws" : "wss"].map(
          (scheme) => `${scheme}://localhost:${port}${mountUrl(mount, stream)}`
        )
      )
  })
  yield* gateway.live({
    match: (head) => {
      const found = findStream(settings.vhost, head, row.extension)
      if (found === undefined) return undefined
      return { contentType: row.contentType, serve: (exchange) => play(exchange, found) }
    }
  })
})
