/** What the settings say of one stream. */
import type { VhostSettings } from "../../domain/config/Settings.ts"
import type { CutRules } from "../../domain/hls/cutRules.ts"
import { entryUri, relativeUri, streamFile } from "../../domain/hls/fileName.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"
import type { Storage } from "../../services/SegmentStore.ts"

export type HlsSettings = VhostSettings["hls"]

export const cutRules = (hls: HlsSettings): CutRules => ({
  fragmentMillis: hls.fragmentMillis,
  targetDurationRatio: hls.targetDurationRatio,
  audioOverflowRatio: hls.audioOverflowRatio,
  waitKeyframe: hls.waitKeyframe
})

export const storageOf = ({ storage }: HlsSettings): Storage =>
  storage === "disk" || storage === "both" ? "disk" : "memory"

export const playlistFileOf = (hls: HlsSettings, name: StreamName): string => streamFile(hls.playlistFile, name)

/** URIs in the playlist of a segment or init segment, and of a key. */
export const segmentUri = (hls: HlsSettings, playlistFile: string, file: string): string =>
  entryUri(hls.entryPrefix, playlistFile, file)

/** `hls_key_url` as it is by default would be a path of this machine: then keys lie beside the playlist. */
export const keyUri = (hls: HlsSettings, playlistFile: string, file: string): string =>
  hasKeyUrl(hls) ? hls.keyUrl + file : relativeUri(playlistFile, file)

export const hasKeyUrl = ({ keyUrl, path }: HlsSettings): boolean => keyUrl !== path
