/**
 * The built-in page: `/` and `/players/`, wherever `http_server.dir` has no file of its own. Its files were made by
 * `scripts/web.ts`.
 */
import { readdir, readFile } from "node:fs/promises"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { mimeType } from "../../domain/static/mimeType.ts"
import { HttpGateway, type PlainAnswer } from "../../services/HttpGateway.ts"
import { Listeners } from "../../services/Listeners.ts"
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

/** The names that there are; a file is read when it is first asked for. */
const makeFiles = Effect.gen(function* () {
  const names = new Set(yield* Effect.promise(() => readdir(directory).catch(() => [])))
  const read: Map<string, Uint8Array> = new Map()
  return Effect.fnUntraced(function* (name: string) {
    const known = read.get(name)
    if (known !== undefined || !names.has(name)) return known
    const bytes = yield* Effect.promise(() => readFile(new URL(name, directory)))
    read.set(name, bytes)
    return bytes
  })
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const listeners = yield* Listeners
    const registry = yield* SourceRegistry
    const settings = yield* Settings
    const bytesOf = yield* makeFiles

    const answerFile = Effect.fnUntraced(function* (head: RequestHead) {
      const name = fileOf(head.path)
      const body = name === undefined ? undefined : yield* bytesOf(name)
      if (name === undefined || body === undefined) return undefined
      if (head.method !== "GET" && head.method !== "HEAD") return notAllowed
      const headers = [
        ["Content-Type", /\.(?:html|js|css|txt)$/.test(name) ? `${mimeType(name)}; charset=utf-8` : mimeType(name)],
        ["Cache-Control", cacheControl(name)],
        ...pageHeaders(head.host)
      ] as const
      return { status: 200, headers, body }
    })

    /** Names of streams are for nobody without a password where the API asks for one. */
    const streams = () => {
      const hidden = settings.current().httpApi.auth.enabled
      return JSON.stringify({ hidden, streams: hidden ? [] : streamFacts(registry.all(), listeners.playUrls) })
    }

    for (const path of ["/", prefix]) {
      yield* gateway.plain({ listener: "server", path, fallback: true, answer: ({ head }) => answerFile(head) })
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
