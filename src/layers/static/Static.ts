/** Files over HTTP: `http_server.dir`, and the `http_static` mounts of vhosts. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { GlobalSettings } from "../../domain/config/Settings.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { fileAnswer, flvStart } from "../../domain/static/fileAnswer.ts"
import { filePath } from "../../domain/static/filePath.ts"
import { flvOpening, maxOpeningBytes } from "../../domain/static/flvOpening.ts"
import { findStaticMount, type StaticMount, staticMounts } from "../../domain/static/staticMount.ts"
import { vodPath } from "../../domain/vod/vodPlaylist.ts"
import { HttpGateway, type PlainAnswer } from "../../services/HttpGateway.ts"
import { Settings } from "../../services/Settings.ts"
import { type OpenFile, openFile, readBytes, readPieces } from "./files.ts"
import { makeVod } from "./Vod.ts"

type HttpServerSettings = GlobalSettings["httpServer"]

const plainText = ["Content-Type", "text/plain; charset=utf-8"] as const
const notAllowed: PlainAnswer = {
  status: 405,
  headers: [plainText, ["Allow", "GET, HEAD, OPTIONS"]],
  body: "Method Not Allowed"
}

const redirect = ({ path, query }: RequestHead): PlainAnswer => ({
  status: 302,
  headers: [plainText, ["Location", `${encodeURI(path)}/${query}`]],
  body: "Found"
})

const answerFile = Effect.fnUntraced(function* (head: RequestHead, { handle, modifiedMillis, size }: OpenFile) {
  const path = head.path.endsWith("/") ? `${head.path}index.html` : head.path
  const { flvOpening: opens, from, headers, status, to } = fileAnswer({ path, size, modifiedMillis }, head)
  const pieces = readPieces(handle, from, to)
  if (!opens) return { status, headers, body: { length: to - from, next: pieces } }
  const opening = flvOpening(yield* readBytes(handle, 0, Math.min(size, maxOpeningBytes))) ?? new Uint8Array(0)
  let opened = opening.length === 0
  const next = Effect.suspend(() => {
    if (opened) return pieces
    opened = true
    return Effect.succeed(opening)
  })
  return { status, headers, body: { length: opening.length + to - from, next } }
})

type Vod = Effect.Success<typeof makeVod>

/** A file below the directory as HLS, if the path means one. */
const serveVod = Effect.fnUntraced(function* (
  { serve }: Vod,
  { method }: RequestHead,
  dir: string,
  path: string,
  { vodFragmentMillis, vodHls }: HttpServerSettings
): Effect.fn.Return<PlainAnswer | undefined, never, Scope.Scope> {
  const wanted = vodHls ? vodPath(path) : undefined
  if (wanted === undefined) return undefined
  const answer = yield* serve(dir, wanted, vodFragmentMillis)
  return answer === undefined || method === "GET" || method === "HEAD" ? answer : notAllowed
})

/** The answer for a path below a mount, or `undefined` if nothing is there. */
const serve = Effect.fnUntraced(function* (
  head: RequestHead,
  { dir, prefix }: StaticMount,
  vod: Vod | undefined,
  settings: HttpServerSettings
): Effect.fn.Return<PlainAnswer | undefined, never, Scope.Scope> {
  if (head.path.length < prefix.length) return redirect(head)
  const path = filePath(head.path.slice(prefix.length))
  if (path === undefined) return undefined
  const file = yield* openFile(dir, path)
  if (file === undefined) return vod && (yield* serveVod(vod, head, dir, path, settings))
  if (file === "directory") {
    const index = yield* openFile(dir, `${path}/index.html`)
    return index === undefined || index === "directory" ? undefined : redirect(head)
  }
  return head.method === "GET" || head.method === "HEAD" ? yield* answerFile(head, file) : notAllowed
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const settings = yield* Settings
    const vod = yield* makeVod
    let current = settings.current()
    let mounts: ReadonlyArray<StaticMount> | undefined
    const mountOf = ({ host, path }: RequestHead): StaticMount | undefined => {
      if (mounts === undefined || current !== settings.current()) {
        current = settings.current()
        mounts = staticMounts(settings.vhosts(), current.httpServer.dir)
      }
      return findStaticMount(mounts, host, path)
    }
    yield* gateway.plain({
      listener: "server",
      path: "/",
      // What others serve goes by their rules, also where it lies below a directory of files.
      order: 1,
      // As in SRS, a mount of its own goes before live streams; and a live stream has no byte to start from.
      claims: (head) => flvStart(head) > 0 || (mountOf(head)?.prefix ?? "/") !== "/",
      answer: ({ head }) => {
        const mount = mountOf(head)
        return mount === undefined ? Effect.succeed(undefined) : serve(head, mount, vod, settings.current().httpServer)
      }
    })
    yield* gateway.plain({
      listener: "api",
      path: "/console/",
      answer: ({ head }) => {
        const { httpServer } = settings.current()
        return serve(head, { host: "", prefix: "/", dir: httpServer.dir }, undefined, httpServer)
      }
    })
  })
)
