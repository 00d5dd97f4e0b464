/** Which listeners the settings ask for: one for each endpoint, though two sections may name it. */
import type { Endpoint, TlsFiles } from "../../services/Transport.ts"
import type { BoundEndpoint } from "../../services/HttpGateway.ts"

/** The part of `http_server` and `http_api` that says where to listen. */
export interface HttpSection {
  readonly enabled: boolean
  readonly listen: Endpoint
  readonly https: { readonly enabled: boolean; readonly listen: Endpoint } & TlsFiles
}

export interface WantedEndpoint extends BoundEndpoint {
  readonly tls: TlsFiles | undefined
}

const isSame = (a: Endpoint, b: Endpoint): boolean => a.host === b.host && a.port === b.port && a.port !== 0

/** The exporter's listener has the whole API. */
export const wantedEndpoints = (
  server: HttpSection,
  api: HttpSection,
  exporter?: Pick<HttpSection, "enabled" | "listen">
): ReadonlyArray<WantedEndpoint> => {
  const wanted: Map<string, WantedEndpoint> = new Map()
  const add = ({ host, port }: Endpoint, role: "server" | "api", tls: TlsFiles | undefined) => {
    // Port 0 is one of the system's choice: another for each section.
    const key = `${tls === undefined} ${host} ${port === 0 ? role : port}`
    const known = wanted.get(key)
    const roles = { server: known?.server === true || role === "server", api: known?.api === true || role === "api" }
    wanted.set(key, { host, port, ...roles, scheme: tls === undefined ? "http" : "https", tls: known?.tls ?? tls })
  }
  for (const [section, role] of [
    [server, "server"],
    [api, "api"]
  ] as const) {
    if (!section.enabled) continue
    add(section.listen, role, undefined)
    const { cert, enabled, key, listen } = section.https
    if (enabled) add(listen, role, { key, cert })
  }
  // An API at the server's endpoint is at that of its HTTPS too (SRS).
  const isShared = server.enabled && api.enabled && isSame(server.listen, api.listen)
  if (isShared && server.https.enabled) add(server.https.listen, "api", server.https)
  if (exporter?.enabled) add(exporter.listen, "api", undefined)
  return [...wanted.values()]
}
