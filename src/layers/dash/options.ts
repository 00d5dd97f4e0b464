/** What the directives of `dash` mean. */
import type { VhostSettings } from "../../domain/config/Settings.ts"
import type { WindowRules } from "../../domain/dash/DashWindow.ts"
import { streamFile } from "../../domain/hls/fileName.ts"
import type { StreamName } from "../../domain/media/StreamName.ts"

export type DashSettings = VhostSettings["dash"]

export const mpdFileOf = ({ mpdFile }: DashSettings, name: StreamName): string => streamFile(mpdFile, name)

/** Where the segments are: the name of the MPD without its extension, with a slash. */
export const folderOf = (mpdFile: string): string => `${mpdFile.replace(/\.[^./]*$/, "")}/`

/** In the folder of the segments over HTTP: no file. */
export const clockFile = "clock"

export const windowRules = (dash: DashSettings): WindowRules => ({
  segments: dash.windowSegments,
  fragmentMillis: dash.fragmentMillis,
  updatePeriodMillis: dash.updatePeriodMillis,
  lowLatency: dash.chunkMillis > 0 ? { chunkMillis: dash.chunkMillis, targetMillis: dash.latencyMillis } : undefined
})
