/** The live streams, as the server tells them, and the URLs at which this browser reaches each. */

export interface Stream {
  readonly vhost: string
  readonly app: string
  readonly stream: string
  readonly viewers: number
  readonly video: { readonly codec: string; readonly width: number; readonly height: number } | null
  readonly audio: { readonly codec: string; readonly sampleRate: number; readonly channels: number } | null
  /** With `localhost` for the host. */
  readonly urls: ReadonlyArray<string>
}

export interface StreamList {
  /** The server keeps the names to itself. */
  readonly hidden: boolean
  readonly streams: ReadonlyArray<Stream>
}

export const defaultVhost = "__defaultVhost__"

export const fetchStreams = async (): Promise<StreamList> => {
  const answer = await fetch("/players/streams.json", { cache: "no-store" })
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
  return (await answer.json()) as StreamList
}

export const streamTitle = ({ app, stream, vhost }: Pick<Stream, "app" | "stream" | "vhost">): string =>
  `${vhost === defaultVhost || vhost === "" ? "" : `${vhost}/`}${app}/${stream}`

export type Engine = "flv" | "mpegts" | "hls" | "dash" | "native"

/** One way to play a stream in this browser. */
export interface Way {
  readonly label: string
  readonly engine: Engine
  readonly url: string
}

const isWebSocket = (protocol: string): boolean => protocol === "ws:" || protocol === "wss:"

const engines: Readonly<Record<string, readonly [engine: Engine, format: string]>> = {
  flv: ["flv", "FLV"],
  ts: ["mpegts", "TS"],
  m3u8: ["hls", "HLS"],
  mpd: ["dash", "DASH"],
  mp4: ["native", "fMP4"],
  aac: ["native", "AAC"],
  mp3: ["native", "MP3"]
}

export const engineOf = (extension: string): Engine | undefined => engines[extension]?.[0]

const extensionOf = (url: URL): string => url.pathname.slice(url.pathname.lastIndexOf(".") + 1).toLowerCase()

/** How a URL can be played here, or `undefined`. */
export const wayOf = (url: URL): Way | undefined => {
  const known = engines[extensionOf(url)]
  if (known === undefined) return undefined
  const [engine, format] = known
  if (!isWebSocket(url.protocol)) {
    const label = engine === "hls" || engine === "dash" ? format : `HTTP-${format}`
    return { label, engine, url: url.href }
  }
  return engine === "flv" || engine === "mpegts" ? { label: `WS-${format}`, engine, url: url.href } : undefined
}

/** The same path on the server that this page is from, whatever stands between: a proxy, or mapped ports. */
const hereUrl = (url: URL): URL => {
  const secure = location.protocol === "https:"
  const protocol = isWebSocket(url.protocol) ? (secure ? "wss:" : "ws:") : location.protocol
  return new URL(`${protocol}//${location.host}${url.pathname}${url.search}`)
}

const byLabel = (ways: ReadonlyArray<Way>): ReadonlyArray<Way> => [
  ...new Map(ways.map((way) => [way.label, way])).values()
]

/** Each way once; the browser's own HLS beside that of hls.js where there is one. */
export const waysOf = (urls: ReadonlyArray<string>, extra: URLSearchParams): ReadonlyArray<Way> => {
  const ways = urls.flatMap((text) => {
    if (!/^(?:https?|wss?):/.test(text)) return []
    const url = hereUrl(new URL(text))
    for (const [name, value] of extra) url.searchParams.set(name, value)
    const way = wayOf(url)
    return way === undefined ? [] : [way]
  })
  const hls = ways.find(({ engine }) => engine === "hls")
  const own = hls !== undefined && document.createElement("video").canPlayType(hlsType) !== ""
  return byLabel(own ? [...ways, { ...hls, label: "HLS native", engine: "native" }] : ways)
}

export const hlsType = "application/vnd.apple.mpegurl"

/** URLs for other programs, by protocol, with this server's name instead of `localhost`. */
export const outsideUrls = ({ urls }: Stream, extra: URLSearchParams): ReadonlyMap<string, string> => {
  const found: Map<string, string> = new Map()
  const query = extra.size === 0 ? "" : `?${extra}`
  for (const text of urls) {
    const protocol = text.slice(0, text.indexOf(":"))
    if (/^(?:https?|wss?)$/.test(protocol)) {
      const url = hereUrl(new URL(text))
      for (const [name, value] of extra) url.searchParams.set(name, value)
      const label = wayOf(url)?.label
      if (label !== undefined) found.set(label, url.href)
    } else {
      found.set(protocol.toUpperCase(), text.replace("//localhost", `//${location.hostname}`) + query)
    }
  }
  return found
}
