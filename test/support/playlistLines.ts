/** A media playlist taken apart for the rules that it must keep, by nothing of ours. */

export interface ReadPart {
  readonly uri: string
  readonly duration: number
  readonly line: string
}

export interface Entry {
  readonly uri: string
  readonly duration: number
  readonly discontinuity: boolean
  readonly key: string | undefined
  readonly map: string | undefined
  readonly parts: ReadonlyArray<ReadPart>
}

export interface Read {
  readonly text: string
  readonly lines: ReadonlyArray<string>
  readonly entries: ReadonlyArray<Entry>
  readonly version: number
  readonly target: number
  readonly sequence: number
  readonly discontinuitySequence: number
  /** Parts of the segment that has no URI yet, and whether it follows. */
  readonly open: { readonly parts: ReadonlyArray<ReadPart>; readonly discontinuity: boolean }
  /** NaN in a list without parts. */
  readonly partTarget: number
  readonly hint: string | undefined
  /** Segments that a delta update leaves out, which count in `sequence`. */
  readonly skipped: number
}

export const tagOf = (line: string): string => line.split(":", 1)[0]!

/** A number or a text of an attribute list. */
export const attribute = (line: string | undefined, name: string): string | undefined => {
  const found = new RegExp(`[:,]${name}=(?:"([^"]*)"|([^,"]*))(?=,|$)`).exec(line ?? "")
  return found?.[1] ?? found?.[2]
}

export const numberOf = (line: string | undefined, name: string): number => Number(attribute(line, name) ?? Number.NaN)

const valueOf = (lines: ReadonlyArray<string>, tag: string): number | undefined => {
  const line = lines.find((line) => line.startsWith(`${tag}:`))
  return line === undefined ? undefined : Number(line.slice(tag.length + 1))
}

export const lineOf = (lines: ReadonlyArray<string>, tag: string): string | undefined =>
  lines.find((line) => line.startsWith(`${tag}:`))

export const readLines = (text: string): Read => {
  const lines = text.split("\n").filter((line) => line !== "")
  const entries: Array<Entry> = []
  let duration = Number.NaN
  let discontinuity = false
  let key: string | undefined
  let map: string | undefined
  let parts: Array<ReadPart> = []
  for (const line of lines) {
    if (line.startsWith("#EXTINF:")) duration = Number.parseFloat(line.slice(8))
    else if (line === "#EXT-X-DISCONTINUITY") discontinuity = true
    else if (line.startsWith("#EXT-X-KEY:")) key = line.includes("METHOD=NONE") ? undefined : line
    else if (line.startsWith("#EXT-X-MAP:")) map = line
    else if (line.startsWith("#EXT-X-PART:"))
      parts.push({ uri: attribute(line, "URI") ?? "", duration: numberOf(line, "DURATION"), line })
    else if (!line.startsWith("#")) {
      entries.push({ uri: line, duration, discontinuity, key, map, parts })
      duration = Number.NaN
      discontinuity = false
      parts = []
    }
  }
  const value = (tag: string, otherwise: number) => valueOf(lines, tag) ?? otherwise
  return {
    text,
    lines,
    entries,
    version: value("#EXT-X-VERSION", 1),
    target: value("#EXT-X-TARGETDURATION", Number.NaN),
    sequence: value("#EXT-X-MEDIA-SEQUENCE", 0),
    discontinuitySequence: value("#EXT-X-DISCONTINUITY-SEQUENCE", 0),
    open: { parts, discontinuity },
    partTarget: numberOf(lineOf(lines, "#EXT-X-PART-INF"), "PART-TARGET"),
    hint: attribute(lineOf(lines, "#EXT-X-PRELOAD-HINT"), "URI"),
    skipped: Number(attribute(lineOf(lines, "#EXT-X-SKIP"), "SKIPPED-SEGMENTS") ?? 0)
  }
}

/** Without the query, which is each viewer's own. */
export const bare = (uri: string): string => uri.split("?", 1)[0]!
