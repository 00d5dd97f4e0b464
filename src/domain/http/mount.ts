/**
 * Mounts of live streams: templates such as `[vhost]/[app]/[stream].flv` that tell which path is which stream. The
 * `[vhost]` part is the host of the request, or the first segment of its path.
 */
import { defaultVhost, type StreamName } from "../media/StreamName.ts"

export interface Mount {
  /** Of the paths it matches, with the dot: `.flv`. Empty if the template has none. */
  readonly extension: string
  readonly pattern: RegExp
  /** The template begins with `[vhost]`: the vhost's name may stand in front of the path. */
  readonly vhostPrefix: boolean
  /** Text of the folder in front, for a template without `[app]`. */
  readonly folder: string
}

export interface MountedName {
  /** May contain slashes. */
  readonly app: string
  /** Without extension. */
  readonly stream: string
}

export const defaultApp = "__defaultApp__"
/** Longest app and longest stream name, characters. */
export const maxNameLength = 512
/** Longest template, characters. */
export const maxTemplateLength = 1024

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

/** `[app]` is one or more segments, `[stream]` is what stands between two literals of one segment. */
export const compileMount = (template: string): Mount => {
  const path = template
    .slice(0, maxTemplateLength)
    .replace(/^\[vhost\]/, "")
    .replace(/^\/*/, "/")
  let source = ""
  const seen = new Set<string>()
  for (const part of path.split(/(\[app\]|\[stream\])/)) {
    if ((part !== "[app]" && part !== "[stream]") || seen.has(part)) {
      source += escape(part)
      continue
    }
    seen.add(part)
    source += part === "[app]" ? "(?<app>[^/]+(?:/[^/]+)*)" : "(?<stream>[^/]+)"
  }
  const name = path.slice(path.lastIndexOf("/") + 1)
  return {
    extension: name.includes(".") ? name.slice(name.lastIndexOf(".")) : "",
    pattern: new RegExp(`^${source}$`),
    vhostPrefix: template.startsWith("[vhost]"),
    folder: path.slice(1, path.lastIndexOf("/")).replace(/\[app\]|\[stream\]/g, "")
  }
}

/** Everything from the last dot on is no part of a stream's name. */
const withoutExtension = (name: string): string => {
  const dot = name.lastIndexOf(".")
  return dot > 0 ? name.slice(0, dot) : name
}

/** The stream at a decoded path, or `undefined` if the mount does not match it. */
export const matchMount = (mount: Mount, path: string): MountedName | undefined => {
  const found = mount.pattern.exec(path)
  if (found === null) return undefined
  const base = path.slice(path.lastIndexOf("/") + 1)
  const app = found.groups?.["app"] ?? (mount.folder === "" ? defaultApp : mount.folder)
  const stream = withoutExtension(found.groups?.["stream"] ?? withoutExtension(base))
  return app.length > maxNameLength || stream.length > maxNameLength || stream === "" ? undefined : { app, stream }
}

/** Path and query at which a stream is found on any host. */
export const mountUrl = (template: string, { app, stream, vhost }: StreamName): string => {
  const isDefault = vhost === defaultVhost
  const prefix = template.startsWith("[vhost]")
  const path = template
    .replace("[vhost]", isDefault ? "" : vhost)
    .replace("[app]", () => app)
    .replace("[stream]", () => stream)
  const rooted = path.startsWith("/") ? path : `/${path}`
  return `${encodeURI(rooted)}${isDefault || prefix ? "" : `?vhost=${encodeURIComponent(vhost)}`}`
}

export interface Place {
  readonly path: string
  /** Host of the request without port. */
  readonly host: string
  readonly query: ReadonlyMap<string, string>
}

/** Vhosts that a request may mean, the likeliest first: a path prefix, the query, the host. */
export const vhostsOf = (
  place: Place
): ReadonlyArray<{ readonly vhost: string; readonly path: string; readonly exact: boolean }> => {
  const slash = place.path.indexOf("/", 1)
  const first = slash < 0 ? "" : place.path.slice(1, slash)
  const asked = [place.query.get("vhost"), place.query.get("domain")].find(
    (name) => name !== undefined && name !== "" && name !== defaultVhost
  )
  const named = { vhost: asked ?? (place.host === "" ? defaultVhost : place.host), path: place.path, exact: false }
  return first === "" || first === defaultVhost
    ? [named]
    : [{ vhost: first, path: place.path.slice(slash), exact: true }, named]
}
