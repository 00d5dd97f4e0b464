/** Which directory serves which URL: the mounts of `http_static`, and `http_server.dir` below all else. */
import { defaultVhost } from "../media/StreamName.ts"

export interface StaticMount {
  /** Lower case; empty for any host. */
  readonly host: string
  /** Begins and ends with `/`. */
  readonly prefix: string
  readonly dir: string
}

export interface MountSettings {
  readonly name: string
  readonly httpStatic: { readonly enabled: boolean; readonly mount: string; readonly dir: string }
}

/** `[vhost]` is the name of the vhost; a name in front of the path is a host, that of the default vhost is any. */
export const compileStaticMount = (template: string, vhost: string, dir: string): StaticMount => {
  const text = template.replace("[vhost]", () => vhost)
  const slash = text.indexOf("/")
  const host = (slash < 0 ? text : text.slice(0, slash)).toLowerCase()
  const path = slash < 0 ? "/" : text.slice(slash).replace(/\/{2,}/g, "/")
  return { host: host === defaultVhost.toLowerCase() ? "" : host, prefix: path.endsWith("/") ? path : `${path}/`, dir }
}

/** In the order in which they are asked: those of one host first, then the longer prefix, then the file's order. */
export const staticMounts = (vhosts: ReadonlyArray<MountSettings>, rootDir: string): ReadonlyArray<StaticMount> => {
  const mounts = vhosts
    .filter(({ httpStatic }) => httpStatic.enabled)
    .map(({ httpStatic, name }) => compileStaticMount(httpStatic.mount, name, httpStatic.dir))
  return [...mounts, { host: "", prefix: "/", dir: rootDir }].toSorted(
    (a, b) => Number(b.host !== "") - Number(a.host !== "") || b.prefix.length - a.prefix.length
  )
}

/** The mount that serves a decoded path. The path of a mount without its last slash is that of the mount too. */
export const findStaticMount = (
  mounts: ReadonlyArray<StaticMount>,
  host: string,
  path: string
): StaticMount | undefined =>
  mounts.find((mount) => (mount.host === "" || mount.host === host) && `${path}/`.startsWith(mount.prefix))
