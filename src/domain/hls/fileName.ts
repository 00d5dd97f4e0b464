/** Names of files from templates: `[app]/[stream]-[seq].ts`. */
import { percentDecode } from "../http/target.ts"
import type { StreamName } from "../media/StreamName.ts"

export interface NameFacts {
  readonly name: StreamName
  readonly sequence: number
  readonly durationMillis: number
  /** `[timestamp]`: milliseconds of the epoch, or the counter of `hls_ts_floor`. */
  readonly timestamp: number
  /** When the segment began, milliseconds of the epoch. */
  readonly openedAt: number
  /** Dates in UTC instead of local time. */
  readonly utc: boolean
}

const two = (value: number): string => String(value).padStart(2, "0")

/** The words of Go's time layout, as SRS has them. */
const dateWords = (epochMillis: number, utc: boolean): Readonly<Record<string, string>> => {
  const local = new Date(epochMillis)
  // A date whose UTC fields are the local ones.
  const date = utc ? local : new Date(epochMillis - local.getTimezoneOffset() * 60_000)
  return {
    "[2006]": String(date.getUTCFullYear()),
    "[01]": two(date.getUTCMonth() + 1),
    "[02]": two(date.getUTCDate()),
    "[15]": two(date.getUTCHours()),
    "[04]": two(date.getUTCMinutes()),
    "[05]": two(date.getUTCSeconds()),
    "[999]": String(date.getUTCMilliseconds()).padStart(3, "0")
  }
}

/** Relative to the root of the output, without slash in front. */
export const fileName = (template: string, facts: NameFacts): string => {
  const { app, stream, vhost } = facts.name
  const words: Readonly<Record<string, string>> = {
    "[vhost]": vhost,
    "[app]": app,
    "[stream]": stream,
    "[seq]": String(facts.sequence),
    "[duration]": String(Math.round(facts.durationMillis)),
    "[timestamp]": String(facts.timestamp)
  }
  let dates: Readonly<Record<string, string>> | undefined
  const valueOf = (word: string): string =>
    words[word] ?? (dates ??= dateWords(facts.openedAt, facts.utc))[word] ?? word
  return template.replace(/\[\w+\]/g, valueOf).replace(/^\/+/, "")
}

/** The name of a file that does not change while the stream lives. */
export const streamFile = (template: string, name: StreamName): string =>
  fileName(template, { name, sequence: 0, durationMillis: 0, timestamp: 0, openedAt: 0, utc: true })

/** Names come from publishers: one that leaves the folder, or that no file can have, is refused. */
export const isSafePath = (path: string): boolean =>
  path !== "" &&
  !/[\p{Cc}\\]/u.test(path) &&
  !path.split("/").some((part) => part === ".." || part === "." || part === "")

/** With another extension: `a-0.ts` as `a-0.m4s`. */
export const withExtension = (path: string, extension: string): string => path.replace(/(\.\w+)?$/, extension)

const folderOf = (path: string): ReadonlyArray<string> => path.split("/").slice(0, -1)

const escaped = (parts: ReadonlyArray<string>): string => parts.map(encodeURIComponent).join("/")

/** The URI of `file` in a playlist at `playlist`, both relative to the root. */
export const relativeUri = (playlist: string, file: string): string => {
  const from = folderOf(playlist)
  const to = file.split("/")
  let common = 0
  while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++
  return "../".repeat(from.length - common) + escaped(to.slice(common))
}

/** The same with `hls_entry_prefix`: one without slash at its end gets the folder of the playlist too. */
export const entryUri = (prefix: string, playlist: string, file: string): string => {
  const uri = relativeUri(playlist, file)
  if (prefix === "") return uri
  if (prefix.endsWith("/")) return prefix + uri
  return [prefix, ...folderOf(playlist).map(encodeURIComponent), uri].join("/")
}

/** The file that a URI of `entryUri` means; `undefined` for one that is none. */
export const fileOfUri = (prefix: string, playlist: string, uri: string): string | undefined => {
  const folder = folderOf(playlist)
  const full =
    prefix.endsWith("/") || prefix === "" ? prefix : [prefix, ...folder.map(encodeURIComponent), ""].join("/")
  if (!uri.startsWith(full)) return undefined
  const path = [...folder]
  for (const part of uri.slice(full.length).split("/")) {
    if (part === "..") path.pop()
    else path.push(percentDecode(part) ?? part)
  }
  const file = path.join("/")
  return isSafePath(file) ? file : undefined
}
