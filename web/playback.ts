/** A stream in a video element, through whichever library plays it, and what is known of how it goes. */
import type Mpegts from "mpegts.js"
import type { ErrorEvent } from "dashjs"
import type Hls from "hls.js/light"
import type { Way } from "./streams.ts"

/** Seconds, but for the counts; `undefined` where nobody knows. */
export interface Reading {
  readonly latency: number | undefined
  readonly buffer: number
  readonly width: number
  readonly height: number
  readonly codecs: string
  readonly dropped: number
  readonly frames: number
  /** Bits a second that arrive. */
  readonly bitrate: number | undefined
}

export interface Playback {
  readonly read: () => Reading
  readonly stop: () => void
}

/** Seconds of media after the one shown that are there without a gap. */
const bufferAhead = (video: HTMLVideoElement): number => {
  const { buffered, currentTime } = video
  for (let i = 0; i < buffered.length; i++) {
    if (currentTime >= buffered.start(i) - 0.1 && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime
  }
  return 0
}

/** Who is too far behind the live edge plays so much faster. */
const maxCatchUpRate = 1.1

/** Seconds for which a newcomer's first burst, or a stall, is remembered. */
const edgeSeconds = 10

/**
 * How far the picture is behind the newest that the server had. A viewer gets that as soon as it is there, unless the
 * network or the publisher stalls: the furthest that media time was lately ahead of the clock is the live edge.
 */
const makeEdge = (video: HTMLVideoElement) => {
  let leads: ReadonlyArray<readonly [time: number, lead: number]> = []
  return (): number | undefined => {
    const { buffered, currentTime } = video
    if (buffered.length === 0) return undefined
    const now = performance.now() / 1000
    leads = [...leads.filter(([time]) => time > now - edgeSeconds), [now, buffered.end(buffered.length - 1) - now]]
    return Math.max(0, now + Math.max(...leads.map(([, lead]) => lead)) - currentTime)
  }
}

interface Source {
  readonly codecs: () => string
  readonly latency: (() => number | undefined) | undefined
  readonly bitrate: () => number | undefined
  readonly stop: () => void
}

const readable = (video: HTMLVideoElement, source: Source): Playback => {
  const edge = makeEdge(video)
  return {
    read: () => {
      const quality = video.getVideoPlaybackQuality()
      return {
        latency: (source.latency ?? edge)(),
        buffer: bufferAhead(video),
        width: video.videoWidth,
        height: video.videoHeight,
        codecs: source.codecs(),
        dropped: quality.droppedVideoFrames,
        frames: quality.totalVideoFrames,
        bitrate: source.bitrate()
      }
    },
    stop: source.stop
  }
}

const joined = (...codecs: ReadonlyArray<string | undefined>): string =>
  codecs.filter((codec) => codec !== undefined && codec !== "").join(", ")

const playMpegts = async (video: HTMLVideoElement, way: Way, onError: (text: string) => void): Promise<Source> => {
  const { default: mpegts } = await import("mpegts.js")
  mpegts.LoggingControl.enableAll = false
  const player = mpegts.createPlayer(
    { type: way.engine, isLive: true, url: way.url },
    {
      enableStashBuffer: false,
      autoCleanupSourceBuffer: true,
      liveSync: true,
      liveSyncMaxLatency: 2,
      liveSyncTargetLatency: 1,
      liveSyncPlaybackRate: maxCatchUpRate
    }
  ) as Mpegts.MSEPlayer
  player.on(mpegts.Events.ERROR, (_type: string, detail: string, info: { readonly msg?: string } | undefined) =>
    onError(info?.msg ?? detail)
  )
  player.on(mpegts.Events.LOADING_COMPLETE, () => onError("the stream has ended"))
  player.attachMediaElement(video)
  player.load()
  return {
    codecs: () => joined(player.mediaInfo.videoCodec, player.mediaInfo.audioCodec),
    latency: undefined,
    bitrate: () => {
      const { speed } = player.statisticsInfo
      return speed === undefined ? undefined : speed * 8192
    },
    stop: () => player.destroy()
  }
}

const playHls = async (video: HTMLVideoElement, way: Way, onError: (text: string) => void): Promise<Source> => {
  const { default: Library } = await import("hls.js/light")
  if (!Library.isSupported()) throw new Error("this browser has no Media Source Extensions")
  const hls: Hls = new Library({
    enableWorker: false,
    backBufferLength: 30,
    lowLatencyMode: true,
    maxLiveSyncPlaybackRate: maxCatchUpRate
  })
  let bitrate: number | undefined
  let codecs = ""
  hls.on(Library.Events.BUFFER_CODECS, (_event, { audio, video }) => {
    codecs = joined(video?.codec, audio?.codec)
  })
  hls.on(Library.Events.ERROR, (_event, { details, error, fatal }) => {
    if (fatal) onError(error?.message ?? details)
  })
  hls.on(Library.Events.FRAG_LOADED, (_event, { frag }) => {
    if (frag.duration > 0) bitrate = (frag.stats.total * 8) / frag.duration
  })
  // With parts: hls.js plays faster to catch up from at most a target duration behind, and stays behind from further.
  hls.on(Library.Events.LEVEL_UPDATED, (_event, { details: { partTarget, targetduration } }) => {
    const { latency, liveSyncPosition, targetLatency } = hls
    if (!partTarget || video.paused || video.seeking || liveSyncPosition === null || targetLatency === null) return
    if (latency > targetLatency + targetduration) video.currentTime = liveSyncPosition
  })
  hls.loadSource(way.url)
  hls.attachMedia(video)
  return {
    codecs: () => codecs,
    latency: () => (hls.latency > 0 ? hls.latency : undefined),
    bitrate: () => bitrate,
    stop: () => hls.destroy()
  }
}

const playDash = async (video: HTMLVideoElement, way: Way, onError: (text: string) => void): Promise<Source> => {
  const { MediaPlayer } = await import("dashjs")
  const player = MediaPlayer().create()
  player.updateSettings({
    debug: { logLevel: 0 },
    streaming: { buffer: { bufferToKeep: 30 }, liveCatchup: { playbackRate: { max: maxCatchUpRate - 1 } } }
  })
  // They are elsewhere; the MPD names this server's clock.
  player.clearDefaultUTCTimingSources()
  player.on("error", ({ error }: ErrorEvent) =>
    onError(typeof error === "object" && "message" in error ? error.message : String(error))
  )
  player.initialize(video, way.url, true)
  const tracks = () =>
    (["video", "audio"] as const).flatMap((kind) => player.getCurrentRepresentationForType(kind) ?? [])
  return {
    codecs: () => joined(...tracks().map(({ codecs }) => codecs ?? undefined)),
    latency: () => {
      const latency = player.getCurrentLiveLatency()
      return latency > 0 ? latency : undefined
    },
    bitrate: () => {
      const sum = tracks().reduce((bits, { bandwidth }) => bits + bandwidth, 0)
      return sum === 0 ? undefined : sum
    },
    stop: () => player.destroy()
  }
}

const playNative = (video: HTMLVideoElement, way: Way, onError: (text: string) => void): Source => {
  const failed = () => onError(video.error?.message || "the browser cannot play this")
  video.addEventListener("error", failed)
  video.src = way.url
  return {
    codecs: () => "",
    latency: undefined,
    bitrate: () => undefined,
    stop: () => {
      video.removeEventListener("error", failed)
      video.removeAttribute("src")
      video.load()
    }
  }
}

const open = (video: HTMLVideoElement, way: Way, onError: (text: string) => void): Promise<Source> | Source => {
  switch (way.engine) {
    case "flv":
    case "mpegts":
      return playMpegts(video, way, onError)
    case "hls":
      return playHls(video, way, onError)
    case "dash":
      return playDash(video, way, onError)
    case "native":
      return playNative(video, way, onError)
  }
}

/** Begins to play; `onError` is told, in plain words, why it went wrong. */
export const startPlayback = async (
  video: HTMLVideoElement,
  way: Way,
  onError: (text: string) => void
): Promise<Playback> => {
  const source = await open(video, way, onError)
  // Without a gesture of the user browsers play only what is muted.
  await video.play().catch(() => {
    video.muted = true
    return video.play().catch(() => undefined)
  })
  return readable(video, source)
}
