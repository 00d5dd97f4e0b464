/** The routes of all layers, and which of them serves a request. */
import type { RequestHead } from "../../domain/http/RequestHead.ts"
import type { HttpPort, LiveMatch, LiveRoute, PlainRoute } from "../../services/HttpGateway.ts"

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
  | { readonly _tag: "Plain"; readonly route: PlainRoute }
  | { readonly _tag: "Redirect"; readonly location: string }
  | { readonly _tag: "Missing" }

const missing: Found = { _tag: "Missing" }

export class Routes {
  readonly #live = new Set<LiveRoute>()
  readonly #plain = new Set<PlainRoute>()

  addLive(route: LiveRoute): () => void {
    this.#live.add(route)
    return () => this.#live.delete(route)
  }

  addPlain(route: PlainRoute): () => void {
    this.#plain.add(route)
    return () => this.#plain.delete(route)
  }

  live(port: HttpPort, head: RequestHead): LiveMatch | undefined {
    if (!port.server) return undefined
    for (const route of this.#live) {
      const match = route.match(head)
      if (match !== undefined) return match
    }
    return undefined
  }

  /** Longest pattern wins; one that ends in `/` is for everything below. */
  plain(port: HttpPort, head: RequestHead): Found {
    let best: PlainRoute | undefined
    let redirect = false
    for (const route of this.#plain) {
      if (!serves(port, route)) continue
      const { path } = route
      if (path === head.path) return { _tag: "Plain", route }
      if (!path.endsWith("/")) continue
      if (path.length === head.path.length + 1 && path.startsWith(head.path)) redirect = true
      if (head.path.startsWith(path) && path.length > (best?.path.length ?? 0)) best = route
    }
    if (redirect) return { _tag: "Redirect", location: `${encodeURI(head.path)}/${head.query}` }
    return best === undefined ? missing : { _tag: "Plain", route: best }
  }
}
