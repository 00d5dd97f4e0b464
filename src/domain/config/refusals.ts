/** What start-up and reload refuse beyond names and arguments: directives against each other and the machine. */
import type { ConfigError } from "./ConfigError.ts"
import { ConfigConflict } from "./ConfigError.ts"
import { type Directive, type Directives, find, findAll, inside, type Place } from "./Directive.ts"
import { type Config, isExplicitlyEmpty, lookupIn } from "./resolve.ts"
import { decimalOf, endpointOf, integerOf, isIpv4, isIpv6 } from "./values.ts"

/** What the configuration is measured against. */
export interface MachineFacts {
  /** The process runs in Docker. */
  readonly docker: boolean
  /** Addresses that `stats.network` may name. */
  readonly localAddresses: number
  /** Soft limit of open files. */
  readonly openFiles: number
}

export interface RefusalOptions {
  readonly facts: MachineFacts
  /** Port 0 is fit to listen on. */
  readonly systemPorts: boolean
  /** No file was read: `listen` may be missing. */
  readonly environmentOnly: boolean
}

/** Files that this server needs besides its clients' connections. */
export const reservedFiles = 128

class Refusals {
  readonly errors: Array<ConfigError> = []
  private readonly tree: Directives
  private readonly text: (path: string) => string
  private readonly config: Config
  private readonly options: RefusalOptions

  constructor(config: Config, options: RefusalOptions) {
    this.config = config
    this.options = options
    this.tree = config.tree
    this.text = lookupIn(config, [])
  }

  all(): void {
    this.listen()
    this.reports()
    this.explicitlyEmpty("http_api.listen")
    this.explicitlyEmpty("http_server.listen")
    this.httpEndpoints()
    this.proxies()
    if (this.text("srs_log_tank") !== "console") this.explicitlyEmpty("srs_log_file")
    for (const vhost of findAll(this.tree, "vhost")) this.vhost(vhost)
    if (this.isOn("asprocess") && this.text("daemon") !== "off") {
      this.refuse("asprocess", "asprocess on together with daemon on", "daemon off")
    }
    this.connections()
    if (this.isOn("is_full")) this.refuse("is_full", "this file shows everything and is not to be used", "")
  }

  private isOn(path: string): boolean {
    return this.text(path) === "on"
  }

  private listen(): void {
    const endpoints = this.text("listen")
      .split(" ")
      .filter((text) => text !== "")
    if (endpoints.length === 0 && !this.options.environmentOnly) {
      this.refuse("listen", "listen without an endpoint", "a port, ip:port or [ipv6]:port")
    }
    const lowest = this.options.systemPorts ? 0 : 1
    for (const text of endpoints) {
      const { host, port } = endpointOf(text)
      if (!isIpv4(host) && !isIpv6(host)) this.refuse("listen", `listen ${text}`, "an IP address before the port")
      else if (port < lowest || port > 65_535) this.refuse("listen", `listen ${text}`, "a port from 1 to 65535")
    }
  }

  private reports(): void {
    const interval = this.text("heartbeat.interval")
    if (integerOf(interval) <= 0)
      this.refuse("heartbeat.interval", `heartbeat.interval ${interval}`, "at least 1 second")
    const network = this.text("stats.network")
    const count = this.options.facts.localAddresses
    if (integerOf(network) < 0 || integerOf(network) >= count) {
      this.refuse("stats.network", `stats.network ${network}`, `the index of one of ${count} local addresses`)
    }
  }

  private explicitlyEmpty(path: string): void {
    if (isExplicitlyEmpty(this.config, path)) this.refuse(path, `${path} is empty`, "a value")
  }

  private httpEndpoints(): void {
    const same = (a: string, b: string): boolean => this.text(a) === this.text(b)
    const http = same("http_api.listen", "http_server.listen")
    const https = same("http_api.https.listen", "http_server.https.listen")
    if (http !== https) {
      const [shared, other] = http ? ["HTTP", "HTTPS"] : ["HTTPS", "HTTP"]
      const path = http ? "http_api.https.listen" : "http_api.listen"
      const found = `http_api and http_server share the endpoint of ${shared} but not that of ${other}`
      this.refuse(path, found, "both endpoints equal, or both different")
    }
    for (const block of ["http_api", "http_server"]) {
      if (this.isOn(`${block}.https.enabled`) && !this.isOn(`${block}.enabled`)) {
        this.refuse(`${block}.https.enabled`, `HTTPS of ${block} without its HTTP`, `${block} enabled`)
      }
    }
  }

  private proxies(): void {
    const path = "trusted_proxies.proxy_protocol"
    const ports = this.text(path)
      .split(" ")
      .filter((text) => text !== "")
    if (ports.length > 0 && this.text("trusted_proxies.addresses") === "") {
      this.refuse(path, "proxy_protocol, but no proxy is trusted", "addresses of trusted proxies")
    }
  }

  private connections(): void {
    const text = this.text("max_connections")
    const count = integerOf(text)
    const { openFiles } = this.options.facts
    if (count <= 0) this.refuse("max_connections", `max_connections ${text}`, "at least 1")
    else if (count + reservedFiles >= openFiles) {
      const expected = `less than ${openFiles - reservedFiles}, because the process may open ${openFiles} files (ulimit -n)`
      this.refuse("max_connections", `max_connections ${text}`, expected)
    }
  }

  private vhost(vhost: Directive): void {
    const block = vhost.block ?? []
    const of = `of vhost ${vhost.args[0] ?? ""}`
    const remuxes = findAll(block, "http_remux")
    if (remuxes.length > 1) this.conflict(remuxes[1].place, "vhost.http_remux", `a second http_remux ${of}`, "one")
    const transportStream = mountOfTransportStream(inside(block, "http_remux"))
    if (find(inside(block, "hls"), "enabled")?.args[0] === "on" && transportStream !== undefined) {
      const found = `http_remux mounts .ts ${of}, which has HLS enabled`
      this.conflict(transportStream.place, "vhost.http_remux.mount", found, "another extension, or hls off")
    }
    const text = lookupIn(this.config, block)
    if (text("vhost.forward.enabled") === "on" && decimalOf(text("vhost.publish.kickoff_for_idle")) > 0) {
      const place = find(inside(block, "publish"), "kickoff_for_idle")?.place ?? vhost.place
      this.conflict(place, "vhost.publish.kickoff_for_idle", `kickoff_for_idle together with forward ${of}`, "only one")
    }
    if (text("vhost.hls.hls_low_latency") === "on") this.parts(vhost, text)
    const ids = new Set<string>()
    for (const { args, place } of findAll(block, "ingest")) {
      const id = args[0] ?? ""
      if (ids.has(id)) this.conflict(place, "vhost.ingest", `a second ingest "${id}" ${of}`, "ids that differ")
      ids.add(id)
    }
  }

  /** A segment of one part is none sooner than without. */
  private parts(vhost: Directive, text: (path: string) => string): void {
    const [part, fragment] = [text("vhost.hls.hls_part"), text("vhost.hls.hls_fragment")]
    if (2 * decimalOf(part) <= decimalOf(fragment)) return
    const { place } = find(inside(vhost.block ?? [], "hls"), "hls_part") ?? vhost
    const found = `hls_part ${part} with hls_fragment ${fragment} of vhost ${vhost.args[0] ?? ""}`
    this.conflict(place, "vhost.hls.hls_part", found, "at most half of hls_fragment")
  }

  /** At the directive where it stands, else at the start of the file. */
  private refuse(path: string, found: string, expected: string): void {
    const names = path.split(".")
    let place: Place = { file: this.tree[0]?.place.file ?? "environment", line: 0, column: 0 }
    let siblings = this.tree
    for (const name of names) {
      const directive = find(siblings, name)
      if (directive === undefined) break
      place = directive.argPlaces[0] ?? directive.place
      siblings = directive.block ?? []
    }
    this.conflict(place, path, found, expected)
  }

  private conflict(place: Place, directive: string, found: string, expected: string): void {
    this.errors.push(new ConfigConflict({ ...place, directive, found, expected, nearest: undefined }))
  }
}

/** The mount that ends in .ts, or `formats` with it, if `enabled on` stands before it: only then SRS sees it. */
const mountOfTransportStream = (remux: Directives): Directive | undefined => {
  let enabled = false
  for (const directive of remux) {
    if (directive.name === "enabled") enabled = directive.args[0] === "on"
    if (directive.name === "mount" && enabled && directive.args[0]?.endsWith(".ts")) return directive
    if (directive.name === "formats" && enabled && directive.args.includes("ts")) return directive
  }
  return undefined
}

export const checkRefusals = (config: Config, options: RefusalOptions): ReadonlyArray<ConfigError> => {
  const refusals = new Refusals(config, options)
  refusals.all()
  return refusals.errors
}
