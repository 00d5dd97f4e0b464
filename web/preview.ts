/** A picture of a stream: its newest keyframe, played for a moment and drawn. */
import { startPlayback } from "./playback.ts"
import type { Way } from "./streams.ts"

/** Pixels. */
const pictureWidth = 480
const patienceMillis = 8000
/** Streams that are looked at at the same time. */
const maxAtOnce = 2

let running = 0
const waiting: Array<() => void> = []

const turn = async <A>(work: () => Promise<A>): Promise<A> => {
  if (running >= maxAtOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    return await work()
  } finally {
    running--
    waiting.shift()?.()
  }
}

const draw = (video: HTMLVideoElement): HTMLCanvasElement => {
  const canvas = document.createElement("canvas")
  canvas.width = pictureWidth
  canvas.height = Math.round((pictureWidth * video.videoHeight) / video.videoWidth)
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height)
  return canvas
}

const shown = (video: HTMLVideoElement, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no picture in time")), patienceMillis)
    signal.addEventListener("abort", () => reject(new Error("not wanted any more")), { once: true })
    video.requestVideoFrameCallback(() => {
      clearTimeout(timer)
      resolve()
    })
  })

const take = async (way: Way, signal: AbortSignal): Promise<HTMLCanvasElement | undefined> => {
  if (signal.aborted) return undefined
  const video = document.createElement("video")
  video.muted = true
  video.playsInline = true
  const seen = shown(video, signal)
  const failed = new Promise<never>((_resolve, reject) => {
    startPlayback(video, way, (text) => reject(new Error(text))).then(
      (playback) => seen.catch(() => undefined).then(() => setTimeout(playback.stop)),
      reject
    )
  })
  return Promise.race([seen, failed]).then(
    () => draw(video),
    () => undefined
  )
}

/** The picture, or `undefined` if the stream gives none. */
export const takePicture = (way: Way, signal: AbortSignal): Promise<HTMLCanvasElement | undefined> =>
  turn(() => take(way, signal))
