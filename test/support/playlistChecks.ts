/**
 * What is done with every playlist that a test sees: it keeps the rules, by itself and against those before it, and
 * programs nobody here wrote read in it what is in it.
 */
import * as HlsParser from "hls-parser"
import { readLines } from "./playlistLines.ts"
import {
  readByHlsParser,
  readByM3u8Parser,
  type ReadList,
  type ReadLowLatency,
  readPartsByHlsParser,
  readPartsByM3u8Parser
} from "./playlistReaders.ts"
import { reloadBreaches } from "./playlistRules.ts"

const isMaster = (text: string): boolean => text.includes("#EXT-X-STREAM-INF")

const attributes =
  /^#EXT-X-STREAM-INF:BANDWIDTH=[1-9]\d*,AVERAGE-BANDWIDTH=[1-9]\d*(,CODECS="[\w.,]+")?(,RESOLUTION=[1-9]\d*x[1-9]\d*)?(,FRAME-RATE=\d+\.\d{3})?$/

/** One variant, as RFC 8216 §4.3.4.2 has it. */
const masterFaults = (text: string): ReadonlyArray<string> => {
  const list = HlsParser.parse(text)
  const variants = list.isMasterPlaylist ? (list as HlsParser.types.MasterPlaylist).variants.length : 0
  const line = text.split("\n")[1] ?? ""
  return [
    ...(variants === 1 ? [] : [`hls-parser finds ${variants} variants`]),
    ...(attributes.test(line) ? [] : [`the attributes are ${line}`])
  ]
}

const listOf = (text: string): ReadList => {
  const { discontinuitySequence, entries, sequence, target } = readLines(text)
  return {
    mediaSequence: sequence,
    discontinuitySequence,
    targetDuration: target,
    segments: entries.map(({ discontinuity, duration, key, map, uri }) => ({
      uri,
      duration,
      discontinuity,
      key: /URI="([^"]*)"/.exec(key ?? "")?.[1],
      map: /URI="([^"]*)"/.exec(map ?? "")?.[1]
    }))
  }
}

const partsIn = (text: string): ReadLowLatency["parts"] => {
  const { entries, open } = readLines(text)
  return [...entries.map(({ parts }) => parts), open.parts].map((parts) =>
    parts.map(({ duration, line, uri }) => ({ uri, duration, independent: line.includes("INDEPENDENT=YES") }))
  )
}

const readerFaults = (text: string): ReadonlyArray<string> => {
  const list = listOf(text)
  const faults: Array<string> = []
  // The first segments of a delta update have what was told before: there readers differ.
  const isDelta = text.includes("#EXT-X-SKIP")
  for (const [name, read] of [
    ["hls-parser", readByHlsParser],
    ["m3u8-parser", readByM3u8Parser]
  ] as const) {
    if (!isDelta && !Bun.deepEquals(read(text), list)) faults.push(`${name} reads ${JSON.stringify(read(text))}`)
  }
  if (!text.includes("#EXT-X-PART")) return faults
  for (const [name, read] of [
    ["hls-parser", readPartsByHlsParser],
    ["m3u8-parser", readPartsByM3u8Parser]
  ] as const) {
    if (!Bun.deepEquals(read(text).parts, partsIn(text))) faults.push(`${name} reads ${JSON.stringify(read(text))}`)
  }
  return faults
}

/** Versions of one playlist in order; master lists may be among them. What is wrong with them. */
export const playlistFaults = (texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const media = texts.filter((text) => !isMaster(text))
  return [
    ...new Set([
      ...reloadBreaches(media),
      ...media.flatMap(readerFaults),
      ...texts.filter(isMaster).flatMap(masterFaults)
    ])
  ]
}

/** Throws if anything is wrong. */
export const checkPlaylists = (texts: ReadonlyArray<string>): void => {
  const faults = playlistFaults(texts)
  if (faults.length > 0) throw new Error(`${faults.join("\n")}\n${texts.join("\n")}`)
}

/** Takes lists by their names, and throws at once if one is wrong, by itself or after the one before. */
export class PlaylistWatch {
  readonly #last = new Map<string, string>()

  see(name: string, text: string): void {
    if (!text.startsWith("#EXTM3U")) return
    const before = isMaster(text) ? undefined : this.#last.get(name)
    checkPlaylists(before === undefined ? [text] : [before, text])
    // A delta update says too little of what came before it.
    if (!isMaster(text) && !text.includes("#EXT-X-SKIP")) this.#last.set(name, text)
  }
}
