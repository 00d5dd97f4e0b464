/** What of a stream the formats of sound and pictures carry, and with which times. */
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { playTimes } from "../../domain/media/playTimes.ts"

export const trackOptions = ({ httpRemux, play }: VhostSettings, sourceIsAbsolute: boolean) => ({
  published: playTimes(play, sourceIsAbsolute).times === "published",
  hasAudio: httpRemux.guessHasAv || httpRemux.hasAudio,
  hasVideo: httpRemux.guessHasAv || httpRemux.hasVideo
})
