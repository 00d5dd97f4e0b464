/** What the address of the page asks for: the list, or a player, also in the words of SRS's players. */

/** Parameters of SRS's players; all others belong to the stream, such as a token. */
const own = new Set(
  "autostart app stream vhost server host port schema buffer path url shareMode hls_autostart".split(" ")
)

export interface Wanted {
  readonly vhost: string
  readonly app: string
  /** Without extension. */
  readonly stream: string
  /** `flv`, `m3u8` … where the address names it. */
  readonly extension: string
  readonly autostart: boolean
  /** `http`, `ws` … and a port of this server, where the address names them. */
  readonly schema: string
  readonly port: string
  /** What goes with the stream's URL. */
  readonly extra: URLSearchParams
}

const isOn = (value: string | null): boolean => value !== null && value !== "false" && value !== "0"

/** `undefined` for the list. */
export const wantedOf = (search: string): Wanted | undefined => {
  const query = new URLSearchParams(search)
  const name = query.get("stream") ?? ""
  if (name === "") return undefined
  const slash = name.lastIndexOf("/")
  const file = name.slice(slash + 1)
  const [, stream = file, extension = ""] = /^(.+)\.(flv|ts|m3u8|mp4|aac|mp3|mpd)$/.exec(file) ?? []
  const vhost = query.get("vhost") ?? ""
  return {
    vhost: vhost === location.hostname ? "" : vhost,
    app: query.get("app") ?? (slash > 0 ? name.slice(0, slash) : "live"),
    stream,
    extension,
    autostart: isOn(query.get("autostart")),
    schema: query.get("schema") ?? "",
    port: query.get("port") ?? "",
    extra: new URLSearchParams([...query].filter(([key]) => !own.has(key)))
  }
}

/** Address of the player of a stream. */
export const playerAddress = ({
  app,
  stream,
  vhost
}: {
  readonly app: string
  readonly stream: string
  readonly vhost: string
}): string => {
  const query = new URLSearchParams({ autostart: "true", app, stream })
  if (vhost !== "" && vhost !== "__defaultVhost__") query.set("vhost", vhost)
  return `/players/srs_player.html?${query}`
}
