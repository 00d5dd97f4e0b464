/** Random viewers of a random stream, and the judgement on what each of them received. */
import { Cursor, type StartPolicy } from "../../../src/domain/media/Cursor.ts"
import type { Format } from "../../../src/domain/media/Format.ts"
import { Kind, type MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { maxFlushBytes, Projection } from "../../../src/domain/media/Projection.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"
import { rtmpFormat, type RtmpFormatOptions } from "../../../src/domain/rtmp/RtmpFormat.ts"
import { SpecChunkReader, type SpecMessage } from "../../support/specChunkReader.ts"
import { type Known, type LogShape, type Random, RandomPublisher, trackKey } from "./randomLog.ts"

const starts = [0, 40, 5000, 16_776_000, 2 ** 31 - 1000, 2 ** 32 - 1000]
const chunkSizes = [128, 129, 1000, 4096, 60_000, 65_536]

const atKeyframe: StartPolicy = (log) => (log.hasVideo ? log.newestEntry : log.liveEntry)
const afterKeyframe: StartPolicy = (log) => (log.hasVideo ? undefined : log.liveEntry)

const pick = <A>(random: Random, all: ReadonlyArray<A>): A => all[random(all.length)]

/** Chunk streams of data, video and audio, for each play of a connection. */
const chunkStreams = (place: number) => (place === 0 ? [4, 6, 7] : [5 + 3 * place, 6 + 3 * place, 7 + 3 * place])

const chunkSizeMessage = (size: number): Uint8Array =>
  Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, (size >> 16) & 255, (size >> 8) & 255, size & 255)

class RandomViewer {
  readonly options: RtmpFormatOptions
  readonly cursor: Cursor
  readonly projection: Projection
  readonly pieces: Array<Uint8Array> = []
  /** How many pieces it had when it joined, resumed or was found to have fallen behind: it may enter anew from there. */
  readonly leaves: Array<number> = []
  readonly #log: SourceLog
  readonly #random: Random
  isPaused = false

  constructor(
    log: SourceLog,
    projection: Projection,
    format: Format,
    options: RtmpFormatOptions,
    start: StartPolicy,
    random: Random
  ) {
    this.#log = log
    this.#random = random
    this.options = options
    this.projection = projection
    this.cursor = new Cursor(projection, format.viewer(), start)
    log.addReader(this.cursor)
    this.pieces.push(chunkSizeMessage(options.chunkSize))
    this.#leave()
  }

  #leave(): void {
    this.leaves.push(this.pieces.length)
  }

  togglePause(): void {
    this.isPaused = !this.isPaused
    if (this.isPaused) return this.cursor.pause()
    this.#leave()
    this.cursor.resume()
  }

  /** Takes at most so many pieces, with other messages of the connection in between. */
  flush(pieces: number): void {
    this.projection.sync()
    for (let i = 0; i < pieces; i++) {
      if (this.cursor.position() < this.#log.first) this.#leave()
      const piece = this.cursor.next(this.#random(10) === 0)
      if (piece === undefined) return
      if (piece.length === 0) throw new Error("an empty piece")
      if (piece.length > Math.max(maxFlushBytes, this.options.chunkSize + 16)) throw new Error("a piece too long")
      this.pieces.push(piece)
      if (this.#random(3) === 0) this.pieces.push(this.#other())
    }
  }

  /** A ping, or a reply to a command on chunk stream 3 or 5. */
  #other(): Uint8Array {
    const chunkStreamId = pick(this.#random, [2, 3, 5])
    const type = chunkStreamId === 2 ? 4 : 20
    return Uint8Array.of(chunkStreamId, 0, 0, 0, 0, 0, 6, type, 0, 0, 0, 0, 0, 6, 1, 2, 3, 4)
  }
}

export interface Outcome {
  readonly messages: number
  readonly jumps: number
}

/** One stream with its viewers; throws where a viewer got something else than the stream. */
export const runCase = (random: Random, formatOf: (options: RtmpFormatOptions) => Format = rtmpFormat): Outcome => {
  const shape: LogShape = {
    start: pick(random, starts),
    hasVideo: random(5) > 0,
    multitrack: random(3) === 0,
    modEx: random(3) === 0,
    framesPerGop: pick(random, [1, 5, 12, 40, 100_000]),
    largeEvery: pick(random, [0, 0, 0, 40])
  }
  const log = new SourceLog({
    gop: random(4) > 0,
    maxGopFrames: pick(random, [0, 0, 50, 2500]),
    queueMillis: pick(random, [300, 1000, 5000, 30_000]),
    maxBytes: pick(random, [50_000, 400_000, 64_000_000])
  })
  const start = pick(random, [atKeyframe, atKeyframe, afterKeyframe])
  const publisher = new RandomPublisher(log, random, shape)
  const projections = new Map<
    string,
    { readonly projection: Projection; readonly first: number; readonly options: RtmpFormatOptions }
  >()
  const viewers: Array<RandomViewer> = []

  const join = () => {
    const base: RtmpFormatOptions = {
      chunkSize: pick(random, chunkSizes),
      times: pick(random, ["repaired", "repaired", "published"]),
      base: pick(random, ["join", "join", "absolute"]),
      multitrack: random(2) === 0,
      modEx: random(2) === 0,
      reduceHeaders: random(3) === 0,
      streamId: pick(random, [1, 1, 5, 0x01020304]),
      place: pick(random, [0, 0, 1, 18])
    }
    // Most viewers share a projection, as they do in reality.
    const like = viewers.length > 0 && random(3) > 0 ? pick(random, viewers).options : base
    const options = { ...like, base: base.base, streamId: base.streamId }
    const format = formatOf(options)
    const first = log.newestEntry?.index ?? log.end
    const shared = projections.get(format.key) ?? { projection: new Projection(format, log, first), first, options }
    projections.set(format.key, shared)
    viewers.push(new RandomViewer(log, shared.projection, format, options, start, random))
  }

  if (random(2) === 0) join()
  publisher.begin()
  const steps = 100 + random(300)
  for (let i = 0; i < steps; i++) {
    const what = random(100)
    if (what < 3 && viewers.length < 8) join()
    else if (what === 3) publisher.restart()
    else if (what < 6 && viewers.length > 0) pick(random, viewers).togglePause()
    else if (what < 25 && viewers.length > 0) pick(random, viewers).flush(random(4))
    else publisher.step()
  }
  for (const viewer of viewers) {
    if (viewer.isPaused) viewer.togglePause()
    viewer.flush(100_000)
  }
  const outcomes = viewers.map((viewer) => judge(viewer, publisher.known))
  for (const { first, options, projection } of projections.values()) {
    judgeShared(projection, Math.max(first, log.first), options.chunkSize, options.place)
  }
  return {
    messages: outcomes.reduce((sum, { messages }) => sum + messages, 0),
    jumps: outcomes.reduce((sum, { jumps }) => sum + jumps, 0)
  }
}

/** The body that such a player must get, by the layouts of Enhanced RTMP v2; undefined if the frame is not for it. */
const bodyFor = ({ body, kind, modEx, track }: MediaFrame, options: RtmpFormatOptions): Buffer | undefined => {
  if (track !== 0 && !options.multitrack) return undefined
  // Multitrack is packet type 6 of pictures, 5 of sound; then OneTrack and the packet type, fourCC, track.
  const inner =
    track === 0
      ? body
      : Buffer.of((body[0] & 0xf0) | (kind === Kind.Video ? 6 : 5), body[0] & 15, ...body.subarray(1, 5), track)
  const whole = track === 0 ? Buffer.from(body) : Buffer.concat([inner, body.subarray(5)])
  if (modEx === undefined || !options.modEx) return whole
  return Buffer.concat([modEx, whole.subarray(1)])
}

/** Reads what one viewer was given, in order. */
class Judge {
  readonly #options: RtmpFormatOptions
  readonly #known: ReadonlyArray<Known>
  readonly #bodies: ReadonlyArray<Buffer | undefined>
  /** The viewer's zero, from the first sound or picture that it got. */
  #base: number | undefined
  /** Headers as this viewer has them. */
  readonly #headers = new Map<number, Buffer>()
  /** Headers were sent again, for a place to be entered next. */
  #isEntering = false
  #mayEnter = false
  /** Index of the next frame; -1 before the first entry. */
  #at = -1
  jumps = 0

  constructor(options: RtmpFormatOptions, known: ReadonlyArray<Known>) {
    this.#options = options
    this.#known = known
    this.#bodies = known.map(({ frame }) => bodyFor(frame, options))
    if (options.base === "absolute") this.#base = 0
  }

  /** It has joined, resumed or fallen behind. */
  leave(): void {
    this.#mayEnter = true
  }

  message(message: SpecMessage): void {
    const { place, streamId } = this.#options
    const lane = message.type === Kind.Data ? 0 : message.type === Kind.Video ? 1 : 2
    if (message.streamId !== streamId) throw new Error(`message stream ${message.streamId}`)
    if (message.chunkStreamId !== chunkStreams(place)[lane]) throw new Error(`chunk stream ${message.chunkStreamId}`)
    if (this.#at >= 0 && !this.#isEntering && this.#follows(message)) return
    const index = this.#indexOf(message)
    if (index < 0) this.#header(message)
    else this.#enter(index, message)
  }

  /** The index of a frame that is no header; -1 for a header. */
  #indexOf({ body, type }: SpecMessage): number {
    const index = body.length < 4 ? -1 : new DataView(body.buffer, body.length - 4).getUint32(0)
    const known = this.#known[index]
    if (known === undefined || known.frame.header || known.frame.kind !== type) return -1
    return this.#bodies[index]?.equals(body) === true ? index : -1
  }

  /** The next frame of the log, passing over those that are not for this viewer. */
  #follows(message: SpecMessage): boolean {
    for (let index = this.#at; index < this.#known.length; index++) {
      if (this.#is(index, message)) {
        this.#at = index + 1
        if (!this.#known[index].frame.header) this.#mayEnter = false
        return true
      }
      if (!this.#mayPass(index)) return false
    }
    return false
  }

  #time(frame: MediaFrame): number {
    return this.#options.times === "repaired" ? frame.timestamp : frame.published
  }

  #is(index: number, { body, timestamp, type }: SpecMessage): boolean {
    const { frame } = this.#known[index]
    if (frame.kind !== type || this.#bodies[index]?.equals(body) !== true) return false
    if (frame.kind !== Kind.Data) this.#base ??= this.#time(frame) - (timestamp | 0)
    if (timestamp !== (frame.kind === Kind.Data ? 0 : (this.#time(frame) - (this.#base ?? 0)) >>> 0)) return false
    if (frame.header) this.#headers.set(trackKey(frame), Buffer.from(body))
    return true
  }

  /** Not for this viewer, or a header that it has. */
  #mayPass(index: number): boolean {
    const { frame } = this.#known[index]
    const body = this.#bodies[index]
    if (body === undefined) return true
    if (!frame.header || frame.kind === Kind.Data || !this.#options.reduceHeaders) return false
    return this.#headers.get(trackKey(frame))?.equals(body) === true
  }

  #header({ body, timestamp, type }: SpecMessage): void {
    if (type === Kind.Data && timestamp !== 0) throw new Error(`metadata at ${timestamp}`)
    const header = this.#known.find(
      ({ frame }, index) => frame.header && frame.kind === type && this.#bodies[index]?.equals(body) === true
    )
    if (header === undefined) throw new Error(`a body of ${body.length} bytes that no frame has, at ${timestamp}`)
    if (!this.#mayEnter) throw new Error(`a header at ${timestamp} for no reason, before frame ${this.#at}`)
    this.#headers.set(trackKey(header.frame), Buffer.from(body))
    this.#isEntering = true
  }

  /** Enters at a frame by right, with the headers in force there. */
  #enter(index: number, message: SpecMessage): void {
    const { frame, headers } = this.#known[index]
    const isKeyframe = frame.kind === Kind.Video && frame.keyframe && frame.track === 0
    if (!isKeyframe && !this.#isBeginning(index))
      throw new Error(`frame ${index} entered from ${this.#at}: no keyframe`)
    if (!this.#mayEnter) throw new Error(`frame ${index} entered from ${this.#at} for no reason`)
    if (index < this.#at) throw new Error(`frame ${index} again, after ${this.#at}`)
    for (const [key, header] of headers) {
      const body = bodyFor(header.frame, this.#options)
      if (body !== undefined && this.#headers.get(key)?.equals(body) !== true) {
        throw new Error(`no header ${key} before frame ${index}`)
      }
    }
    this.#mayEnter = false
    this.#isEntering = false
    this.#at = index
    this.jumps++
    if (!this.#follows(message)) throw new Error(`frame ${index} at ${message.timestamp}, base ${this.#base}`)
  }

  /** The publish began here, or had no pictures up to here but what is not for this viewer. */
  #isBeginning(index: number): boolean {
    const { epoch } = this.#known[index]
    for (let first = index; ; first--) {
      const { afterMedia, afterVideo } = this.#known[first]
      if (!afterMedia || !afterVideo) return true
      const before = this.#known[first - 1]
      if (before.epoch !== epoch || (this.#bodies[first - 1] !== undefined && !before.frame.header)) return false
    }
  }

  /** Nothing is left out at the end, unless the viewer waits for a keyframe. */
  end(): void {
    if (this.#mayEnter || this.#isEntering) return
    for (let index = this.#at; index < this.#known.length; index++) {
      if (!this.#mayPass(index)) throw new Error(`frame ${index} of ${this.#known.length} is missing at the end`)
    }
  }
}

/** Throws unless the viewer's bytes are the stream. */
const judge = (viewer: RandomViewer, known: ReadonlyArray<Known>) => {
  const reader = new SpecChunkReader()
  const judgement = new Judge(viewer.options, known)
  const leaves = new Set(viewer.leaves)
  let read = 0
  let messages = 0
  // A message that was begun before the viewer left still belongs to the stretch before.
  let left: "no" | "within a message" | "yes" = "no"
  for (let i = 0; i <= viewer.pieces.length; i++) {
    if (leaves.has(i)) left = reader.isWhole ? "yes" : "within a message"
    if (left === "yes") judgement.leave()
    if (left === "yes") left = "no"
    if (i === viewer.pieces.length) break
    reader.push(viewer.pieces[i])
    for (; read < reader.messages.length; read++) {
      const message = reader.messages[read]
      if (!isMedia(message)) continue
      judgement.message(message)
      messages++
    }
    if (left === "within a message" && reader.isWhole) left = "yes"
  }
  if (!reader.isWhole) throw new Error("the last message is not whole")
  judgement.end()
  return { messages, jumps: judgement.jumps }
}

const isMedia = ({ type }: SpecMessage): boolean => type === 8 || type === 9 || type === 18

/** Shared bytes begin no message with fmt 0 and have no extended timestamps. */
const judgeShared = (projection: Projection, first: number, chunkSize: number, place: number) => {
  const reader = new SpecChunkReader()
  reader.push(chunkSizeMessage(chunkSize))
  for (const chunkStreamId of chunkStreams(place)) {
    reader.push(Uint8Array.of(chunkStreamId, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0))
  }
  const anchors = reader.headers.length
  projection.sync()
  for (let index = first; index < projection.end;) {
    const { bytes, to } = projection.run(index, 0)
    reader.push(bytes)
    index = Math.max(to, index + 1)
  }
  if (!reader.isWhole) throw new Error("shared bytes end inside a message")
  for (const { fmt, hasExtendedTimestamp, isFirst } of reader.headers.slice(anchors)) {
    if (hasExtendedTimestamp || fmt !== (isFirst ? 1 : 3)) throw new Error(`fmt ${fmt} in shared bytes`)
  }
}
