/** The routes of all layers, and which of them serves a request. */
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type {
  HttpPort,
  LiveMatch,
  LiveRoute,
  PlainRoute,
  ReadyAnswer,
  ReadyRequest
} from "../../services/HttpGateway.ts"

const serves = (port: HttpPort, route: PlainRoute): boolean => {
  switch (route.listener) {
    case "any":
      return true
    case "server":
      return port.server
    case "api":
      return port.api
    case "api alone":
      return port.api && !port.server
  }
}

export type Found =
  | { readonly _tag: "Plain"; readonly routes: ReadonlyArray<PlainRoute> }
  | { readonly _tag: "Redirect"; readonly location: string }
  | { readonly _tag: "Missing" }

const byRank = (a: PlainRoute, b: PlainRoute): number =>
  (a.order ?? 0) - (b.order ?? 0) || b.path.length - a.path.length

const covers = ({ path }: PlainRoute, head: RequestHead): boolean =>
  path === head.path || (path.endsWith("/") && head.path.startsWith(path))

interface ReadyRoute {
  readonly route: PlainRoute
  readonly ready: NonNullable<PlainRoute["ready"]>
  /** Routes that go before it where they have the path too. */
  readonly before: ReadonlyArray<PlainRoute>
}

const readyRoutes = (all: ReadonlyArray<PlainRoute>): ReadonlyArray<ReadyRoute> =>
  all.flatMap((route) => {
    const { ready } = route
    return ready === undefined ? [] : [{ route, ready, before: all.filter((other) => byRank(other, route) < 0) }]
  })

const missing: Found = { _tag: "Missing" }

export class Routes {
  readonly #live = new Set<LiveRoute>()
  readonly #plain = new Set<PlainRoute>()
  /** Made anew when routes come and go. */
  #ready: ReadonlyArray<ReadyRoute> | undefined

  addLive(route: LiveRoute): () => void {
    this.#live.add(route)
    return () => this.#live.delete(route)
  }

  addPlain(route: PlainRoute): () => void {
    this.#plain.add(route)
    this.#ready = undefined
    return () => {
      this.#plain.delete(route)
      this.#ready = undefined
    }
  }

  live(port: HttpPort, head: RequestHead): LiveMatch | undefined {
    if (!port.server) return undefined
    for (const route of this.#live) {
      const match = route.match(head)
      if (match !== undefined) return this.#isClaimed(port, head) ? undefined : match
    }
    return undefined
  }

  #isClaimed(port: HttpPort, head: RequestHead): boolean {
    for (const route of this.#plain) if (route.claims?.(head) === true && serves(port, route)) return true
    return false
  }

  /** What a route has ready, if no other goes before it. */
  ready(port: HttpPort, request: ReadyRequest): ReadyAnswer | undefined {
    const { head } = request
    this.#ready ??= readyRoutes([...this.#plain])
    for (const { before, ready, route } of this.#ready) {
      if (!serves(port, route) || !covers(route, head)) continue
      if (before.some((other) => covers(other, head) && serves(port, other))) continue
      const answer = ready(request)
      if (answer !== undefined) return answer
    }
    return undefined
  }

  /** The best route first: the longest pattern, where one that ends in `/` is for everything below. */
  plain(port: HttpPort, head: RequestHead): Found {
    const routes: Array<PlainRoute> = []
    let exact = false
    let redirect = false
    for (const route of this.#plain) {
      if (!serves(port, route)) continue
      const { path } = route
      if (path === head.path) exact = true
      if (covers(route, head)) routes.push(route)
      else if (path.endsWith("/") && path.length === head.path.length + 1 && path.startsWith(head.path)) redirect = true
    }
    if (redirect && !exact) return { _tag: "Redirect", location: `${encodeURI(head.path)}/${head.query}` }
    return routes.length === 0 ? missing : { _tag: "Plain", routes: routes.sort(byRank) }
  }
}
