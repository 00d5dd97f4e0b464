/**
 * Who plays DASH. A viewer is let in when it first asks for an MPD; the MPD that it gets names it in all further URLs, its
 * own too (`Location`). Players that ask for the first URL again and again are known by what they say of themselves.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { parseQuery } from "../../domain/http/query.ts"
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import { streamKey, type StreamName } from "../../domain/media/StreamName.ts"
import { reportParameter } from "../../domain/stats/PlayerReports.ts"
import type { PlainRequest } from "../../services/HttpGateway.ts"
import { type SegmentViewer, SegmentViewers } from "../../services/SegmentViewers.ts"

/** Names a viewer in a query. */
export const contextKey = "dash_ctx"

/** Viewers that have not come by their own URL yet; of more, the oldest are asked for permission again. */
export const maxUnnamed = 10_000

/** What is another in each request: a context, and what the player tells. */
const passing = new RegExp(`^(?:${contextKey}|${reportParameter})=`)

/** What of the query goes on to all URLs, and says who asks. */
export const originalQuery = ({ query }: RequestHead): string =>
  query
    .replace(/^\?/, "")
    .split("&")
    .filter((pair) => pair !== "" && !passing.test(pair))
    .join("&")

/** Whose requests cannot be told apart without a context. */
const selfOf = ({ address, head }: PlainRequest, stream: StreamName): string =>
  [
    streamKey(stream),
    address,
    head.headers.get("user-agent") ?? "",
    head.headers.get("authorization") ?? "",
    originalQuery(head)
  ].join("\n")

export const makeDashViewers = Effect.gen(function* () {
  const viewers = yield* SegmentViewers
  /** By `selfOf`: those who have not used their context. */
  const unnamed = new Map<string, SegmentViewer>()

  const remember = (self: string, viewer: SegmentViewer): void => {
    unnamed.delete(self)
    unnamed.set(self, viewer)
    if (unnamed.size > maxUnnamed) unnamed.delete(unnamed.keys().next().value ?? "")
  }

  /** The viewer of this stream that the query names. */
  const named = ({ query }: RequestHead, stream: StreamName): SegmentViewer | undefined => {
    const viewer = viewers.find(parseQuery(query).get(contextKey) ?? "")
    return viewer !== undefined && streamKey(viewer.stream) === streamKey(stream) ? viewer : undefined
  }

  /** Who asks for an MPD, let in now if it was not before. */
  const enter = Effect.fnUntraced(function* (request: PlainRequest, stream: StreamName, expiryMillis: () => number) {
    const { address, encrypted, head } = request
    const self = selfOf(request, stream)
    const unnamedBefore = unnamed.get(self)
    const known = named(head, stream)
    if (known !== undefined) {
      if (unnamedBefore === known) unnamed.delete(self)
      return known
    }
    if (unnamedBefore !== undefined && viewers.find(unnamedBefore.session.id) === unnamedBefore) return unnamedBefore
    const param = originalQuery(head)
    const viewer = yield* viewers.enter({
      protocol: "dash",
      clientType: "dash-play",
      address,
      stream,
      param: param === "" ? "" : `?${param}`,
      tcUrl: `${encrypted ? "https" : "http"}://${head.authority}/${stream.app}`,
      pageUrl: head.headers.get("referer") ?? "",
      authorization: head.headers.get("authorization"),
      expiryMillis
    })
    remember(self, viewer)
    return viewer
  })

  const count = Effect.fnUntraced(function* (viewer: SegmentViewer, bytes: number) {
    viewer.lastRequestAt = yield* Clock.currentTimeMillis
    viewer.requests++
    viewer.bytes += bytes
  })

  const wasKicked = ({ query }: RequestHead): boolean => viewers.wasKicked(parseQuery(query).get(contextKey) ?? "")

  return { named, enter, count, wasKicked }
})
