/** Random streams for property tests: frames as publishers send them, typed from the FLV and Enhanced RTMP layouts. */
import { frameOf, Kind, type MediaFrame, type MediaFrameFields } from "../../../src/domain/media/MediaFrame.ts"
import type { SourceLog } from "../../../src/domain/media/SourceLog.ts"

export type Random = (below: number) => number

const hvc1 = 0x68766331
const opus = 0x4f707573

/** What a test knows of a frame, apart from the log. */
export interface Known {
  readonly frame: MediaFrame
  /** Counts publishers. */
  readonly epoch: number
  /** In force before this frame, by kind and track. */
  readonly headers: ReadonlyMap<number, Known>
  /** Sound or pictures, and pictures or their headers, came before this frame from the same publisher. */
  readonly afterMedia: boolean
  readonly afterVideo: boolean
}

export const trackKey = (frame: MediaFrame): number => frame.kind * 256 + frame.track

export interface LogShape {
  /** Wire time of the first frame, milliseconds. */
  readonly start: number
  readonly hasVideo: boolean
  readonly multitrack: boolean
  readonly modEx: boolean
  readonly framesPerGop: number
  /** One picture in so many is 128 to 300 KB; 0 for none. */
  readonly largeEvery: number
}

/** A publisher whose frames end in their number, so that each is known by its body. */
export class RandomPublisher {
  readonly known: Array<Known> = []
  readonly #log: SourceLog
  readonly #random: Random
  readonly #shape: LogShape
  #time: number
  #now = 1_000_000
  #epoch = 0
  #pictures = 0
  #headers: ReadonlyMap<number, Known> = new Map()
  #afterMedia = false
  #afterVideo = false

  constructor(log: SourceLog, random: Random, shape: LogShape) {
    this.#log = log
    this.#random = random
    this.#shape = shape
    this.#time = shape.start
    log.reset()
  }

  /** Another publisher takes the stream on, with times of its own. */
  restart(): void {
    this.#epoch++
    this.#log.reset()
    this.#time = this.#random(3) === 0 ? this.#random(100_000) : this.#shape.start
    this.#pictures = 0
    this.#headers = new Map()
    this.#afterMedia = false
    this.#afterVideo = false
    this.begin()
  }

  /** Metadata and codec headers. */
  begin(): void {
    if (this.#random(4) > 0) this.#metadata()
    this.#header(Kind.Audio, 0)
    if (this.#shape.hasVideo) this.#header(Kind.Video, 0)
    if (!this.#shape.multitrack) return
    this.#header(Kind.Audio, 1)
    if (this.#shape.hasVideo) this.#header(Kind.Video, 3)
  }

  /** Some milliseconds of the stream. */
  step(): void {
    const random = this.#random
    const what = random(200)
    if (what === 0) this.#metadata()
    else if (what === 1) this.#header(Kind.Audio, 0)
    else if (what === 2 && this.#shape.hasVideo) this.#header(Kind.Video, 0)
    else if (what === 3) this.#pass(random(4000))
    else if (what === 4) this.#time += 20_000_000 + random(1000)
    else if (what === 5) this.#time -= random(3000)
    this.#pass(5 + random(30))
    if (!this.#shape.hasVideo || random(3) > 0) this.#audio()
    else this.#video()
  }

  #pass(millis: number): void {
    this.#time += millis
    this.#now += millis
  }

  #append(
    fields: Omit<MediaFrameFields, "published" | "bytes" | "start" | "end">,
    body: Uint8Array,
    modEx?: Uint8Array
  ) {
    // A few milliseconds of difference between the tracks, as interleaving makes them.
    const lag = fields.kind === Kind.Audio && this.#random(8) === 0 ? this.#random(60) : 0
    const published = (this.#time - lag) >>> 0
    const frame = frameOf({ ...fields, published, bytes: body, start: 0, end: body.length }, modEx)
    const { kind, header } = frame
    const known = {
      frame,
      epoch: this.#epoch,
      headers: this.#headers,
      afterMedia: this.#afterMedia,
      afterVideo: this.#afterVideo
    }
    this.known.push(known)
    this.#log.append(frame, this.#now)
    if (header) this.#headers = new Map([...this.#headers, [trackKey(frame), known]])
    if (kind !== Kind.Data && !header) this.#afterMedia = true
    if (kind === Kind.Video) this.#afterVideo = true
  }

  /** Sometimes longer than a viewer's flush, and with headers behind it. */
  #metadata(): void {
    const { largeEvery } = this.#shape
    const head = [2, 0, 10, ...Buffer.from("onMetaData"), 8, 0, 0, 0, 0, this.#random(250)]
    const body = new Uint8Array(head.length + (largeEvery > 0 && this.#random(3) === 0 ? 150_000 : 4))
    body.set(head)
    this.#append({ kind: Kind.Data, header: true }, body)
  }

  /** One of two bodies, so that a publisher may repeat one or return to it. */
  #header(kind: typeof Kind.Audio | typeof Kind.Video, track: number): void {
    const version = this.#random(2)
    const body =
      kind === Kind.Audio
        ? track === 0
          ? [0xaf, 0, 0x12, 0x10 + version]
          : [0x90, ...fourCc(opus), track, version]
        : track === 0
          ? [0x17, 0, 0, 0, 0, 1, version]
          : [0x90, ...fourCc(hvc1), track, version]
    const codec = track === 0 ? (kind === Kind.Audio ? 10 : 7) : kind === Kind.Audio ? opus : hvc1
    this.#append({ kind, track, codec, header: true }, Uint8Array.from(body))
  }

  #audio(): void {
    const track = this.#shape.multitrack && this.#random(3) === 0 ? 1 : 0
    // Prefix: ModEx, a size, three bytes of data, and the nibble of the packet type that follows.
    const modEx =
      this.#shape.modEx && this.#random(2) === 0 ? Uint8Array.of(0x97, 2, 9, 8, 7, 5 - 4 * (1 - track)) : undefined
    if (track === 1 || modEx !== undefined) {
      return this.#append({ kind: Kind.Audio, track, codec: opus }, this.#body([0x91, ...fourCc(opus)], 100), modEx)
    }
    this.#append({ kind: Kind.Audio, codec: 10 }, this.#body([0xaf, 1], 200))
  }

  #video(): void {
    const { framesPerGop, largeEvery, multitrack } = this.#shape
    const keyframe = this.#pictures++ % framesPerGop === 0
    const large = largeEvery > 0 && this.#random(largeEvery) === 0
    const most = large ? 172_000 : keyframe ? 3000 : 700
    this.#append(
      { kind: Kind.Video, codec: 7, keyframe },
      this.#body([keyframe ? 0x17 : 0x27, 1, 0, 0, 0], most, large ? 128_000 : 0)
    )
    if (!multitrack) return
    const track = { kind: Kind.Video, track: 3, codec: hvc1, keyframe }
    this.#append(track, this.#body([keyframe ? 0x93 : 0xa3, ...fourCc(hvc1)], 300))
  }

  /** `head`, some bytes, and the number of the frame. */
  #body(head: ReadonlyArray<number>, most: number, least = 0): Uint8Array {
    const body = new Uint8Array(head.length + least + this.#random(most) + 4)
    body.set(head)
    body.fill(this.#random(256), head.length)
    new DataView(body.buffer).setUint32(body.length - 4, this.known.length)
    return body
  }
}

const fourCc = (value: number): ReadonlyArray<number> => [
  (value >> 24) & 255,
  (value >> 16) & 255,
  (value >> 8) & 255,
  value & 255
]
