/** What waits for the store, and what becomes of it. */
import type { NameFacts } from "../../domain/hls/fileName.ts"
import type { MediaFacts } from "../../domain/hls/Playlist.ts"
import type { Part, Segment } from "../../domain/hls/Segmenter.ts"
import type { CurrentKey } from "./Companions.ts"
import type { HlsSettings } from "./options.ts"

/** What a segment and its parts have in common on their way to the store. */
interface JobFacts {
  readonly settings: HlsSettings
  readonly utc: boolean
  /** When it began, milliseconds of the epoch. */
  readonly openedAt: number
  /** `[timestamp]` of its name. */
  readonly timestamp: number
}

export interface SegmentJob extends JobFacts {
  readonly segment: Segment
}

export interface PartJob extends JobFacts {
  readonly part: Part
}

/** What the segment that comes next, and its parts, need and say. */
export interface Preparation extends MediaFacts {
  readonly sequence: number
  readonly facts: NameFacts
  readonly files: ReadonlyArray<string>
  readonly cipher: CurrentKey | undefined
}

/** A segment that was added to the list. */
export interface Written {
  readonly sequence: number
  readonly file: string
  readonly uri: string
}
