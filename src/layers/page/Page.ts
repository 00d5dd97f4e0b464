/**
 * The built-in page: `/` and `/players/`, wherever `http_server.dir` has no file of its own. Its files were made by
 * `scripts/web.ts`.
 */
import { readdir, readFile } from "node:fs/promises"
import { gzip } from "node:zlib"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { Headers } from "../../domain/http/ResponseHead.ts"
import { mimeType } from "../../domain/static/mimeType.ts"
import { HttpGateway, type PlainAnswer } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
import { Sessions } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { SourceRegistry } from "../../services/SourceRegistry.ts"
import { pageHeaders } from "./policy.ts"
import { streamFacts } from "./streams.ts"

const directory = new URL("../../../public/", import.meta.url)
const prefix = "/players/"

/** Built files have a hash of their contents in their names. */
const cacheControl = (name: string): string =>
  /-[a-z0-9]{8}\./.test(name) ? "public, max-age=31536000, immutable" : "no-cache"

const notAllowed: PlainAnswer = {
  status: 405,
  headers: [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Allow", "GET, HEAD, OPTIONS"]
  ],
  body: "Method Not Allowed"
}

/** Every player of SRS that somebody may have bookmarked is the one page. */
const fileOf = (path: string): string | undefined => {
  if (path === "/" || path === "/index.html" || path === prefix) return "index.html"
  if (!path.startsWith(prefix)) return undefined
  const name = path.slice(prefix.length)
  return name.endsWith(".html") && !name.includes("/") ? "index.html" : name
}

interface Built {
  readonly bytes: Uint8Array
  readonly packed: Uint8Array
}

const pack = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    gzip(bytes, (error, packed) => resume(error === null ? Effect.succeed(packed) : Effect.die(error)))
  })

/** The names that there are; a file is read, and compressed, when it is first asked for. */
const makeFiles = Effect.gen(function* () {
  const names = new Set(yield* Effect.promise(() => readdir(directory).catch(() => [])))
  const built: Map<string, Built> = new Map()
  return Effect.fnUntraced(function* (name: string) {
    const known = built.get(name)
    if (known !== undefined || !names.has(name)) return known
    const bytes = yield* Effect.promise(() => readFile(new URL(name, directory)))
    const file = { bytes, packed: yield* pack(bytes) }
    built.set(name, file)
    return file
  })
})

const takesGzip = ({ headers }: RequestHead): boolean =>
  /(?:^|,)\s*gzip\s*(?:$|,|;\s*q=(?:1|0?\.0*[1-9]))/i.test(headers.get("accept-encoding") ?? "")

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const listeners = yield* Listeners
    const registry = yield* SourceRegistry
    const sessions = yield* Sessions
    const settings = yield* Settings
    const fileNamed = yield* makeFiles

    const answerFile = Effect.fnUntraced(function* (head: RequestHead) {
      const name = fileOf(head.path)
      const file = name === undefined ? undefined : yield* fileNamed(name)
      if (name === undefined || file === undefined) return undefined
      if (head.method !== "GET" && head.method !== "HEAD") return notAllowed
      const packed = takesGzip(head)
      const headers: Headers = [
        ["Content-Type", /\.(?:html|js|css|txt)$/.test(name) ? `${mimeType(name)}; charset=utf-8` : mimeType(name)],
        ["Cache-Control", cacheControl(name)],
        ["Vary", "Accept-Encoding"],
        ...(packed ? ([["Content-Encoding", "gzip"]] as const) : []),
        ...pageHeaders(head.host)
      ]
      return { status: 200, headers, body: packed ? file.packed : file.bytes }
    })

    /** Names of streams are for nobody without a password where the API asks for one. */
    const streams = () => {
      const hidden = settings.current().httpApi.auth.enabled
      const known = hidden ? [] : streamFacts(registry.all(), sessions.all().values(), listeners.playUrls)
      return JSON.stringify({ hidden, streams: known })
    }

    for (const path of ["/", prefix]) {
      yield* gateway.plain({ listener: "server", path, order: 2, answer: ({ head }) => answerFile(head) })
    }
    yield* gateway.plain({
      listener: "server",
      path: `${prefix}streams.json`,
      answer: ({ head }) =>
        Effect.sync(() => ({
          status: 200,
          headers: [["Content-Type", "application/json"], ["Cache-Control", "no-store"], ...pageHeaders(head.host)],
          body: streams()
        }))
    })
  })
)
