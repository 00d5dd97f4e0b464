/** The identity of a live stream, the same for every protocol (`[vhost unless default]/app/stream`). */

export const defaultVhost = "__defaultVhost__"

export interface StreamName {
  /** The resolved vhost: a name of the configuration, or `__defaultVhost__`. */
  readonly vhost: string
  /** May contain slashes. */
  readonly app: string
  /** Without extension and without query. */
  readonly stream: string
}

/** The key of the source: two names with the same key are one stream. */
export const streamKey = (name: StreamName): string =>
  name.vhost === defaultVhost ? `/${name.app}/${name.stream}` : `${name.vhost}/${name.app}/${name.stream}`
