/** What the bench looks at of HLS: lists over HTTP before a load, files on disk after it. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

import { pause, type ServerProcess } from "./process.ts"

/** A player begins three segments before the end of the list. */
const enoughSegments = 3
const listTimeoutMillis = 30_000

const count = (text: string, tag: string): number => text.split(tag).length - 1

/** The list that a player is sent on to, or the one that was asked for. */
const listAt = async (url: string): Promise<string> => {
  const answer = await fetch(url)
  const text = await answer.text()
  const variant = text.includes("#EXT-X-STREAM-INF") ? text.split("\n").find((line) => /^[^#]/.test(line)) : undefined
  return variant === undefined ? text : (await fetch(new URL(variant, url))).text()
}

/** Waits until the stream's list has as many segments as a player wants. */
export const untilListed = async (server: ServerProcess, url: string): Promise<void> => {
  const since = performance.now()
  while (count(await listAt(url), "#EXTINF:") < enoughSegments) {
    if (!server.running) throw new Error(`the server ${server.failure}`)
    if (performance.now() - since > listTimeoutMillis) throw new Error(`no HLS at ${url}; ${server.failure}`)
    await pause(100)
  }
}

export interface WrittenLists {
  readonly lists: number
  /** Age of the list that was written longest ago. */
  readonly oldestMillis: number
  /** Segments that do not follow the one before: something between them was lost. */
  readonly gaps: number
}

export const writtenLists = (directory: string): WrittenLists => {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".m3u8"))
    .map((name) => join(directory, name))
  const now = Date.now()
  return {
    lists: files.length,
    oldestMillis: Math.max(0, ...files.map((file) => now - statSync(file).mtimeMs)),
    gaps: files.reduce((sum, file) => sum + count(readFileSync(file, "utf8"), "#EXT-X-DISCONTINUITY"), 0)
  }
}
