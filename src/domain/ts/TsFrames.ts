/**
 * A transport stream as media frames, as an RTMP publisher would have sent them: length-prefixed access units without
 * parameter sets and delimiters, raw AAC, MP3 frames, Opus packets, and headers where a configuration changes.
 *
 * Times are those of the stream in milliseconds, its 33-bit wrap unfolded; composition offsets are exact differences.
 * One stream of pictures and one of sound are taken, the first of each that the program map names.
 */
import type { MediaFrame } from "../media/MediaFrame.ts"
import type { PesPacket } from "./PesBuffer.ts"
import { clockModulus } from "./packet.ts"
import type { TsStream } from "./Sections.ts"
import { type SoundReader, soundReader } from "./SoundReader.ts"
import { type TsFaults, TsReader } from "./TsReader.ts"
import { type PictureCodec, PictureReader } from "./PictureReader.ts"

/** Largest difference of two times of one moment that is not taken for a wrap. */
const halfModulus = clockModulus / 2

type PictureStream = TsStream & { readonly codec: PictureCodec }

const isPicture = (stream: TsStream): stream is PictureStream => stream.codec === "avc" || stream.codec === "hevc"
const isSound = (stream: TsStream): boolean => !isPicture(stream) && stream.codec !== "id3"

/** A whole ID3 tag, 90 kHz time unfolded. The bytes are a copy. */
export type OnId3 = (pts: number, tag: Uint8Array) => void

export class TsFrames {
  readonly #reader: TsReader
  #emit: (frame: MediaFrame) => void = () => {}
  readonly #onId3: OnId3 | undefined
  #picture: PictureReader | undefined
  #sound: SoundReader | undefined
  #streams: ReadonlyArray<TsStream> = []
  #pictureStream: TsStream | undefined
  #soundStream: TsStream | undefined
  /** Unfolded, of the last packet of any stream. */
  #clock: number | undefined
  #untimed = 0

  constructor(onId3?: OnId3) {
    this.#onId3 = onId3
    this.#reader = new TsReader((stream, packet) => this.#onPes(stream, packet))
  }

  get faults(): Readonly<TsFaults> {
    return this.#reader.faults
  }

  /** PES packets without any time to go by. */
  get untimed(): number {
    return this.#untimed
  }

  get streams(): ReadonlyArray<TsStream> {
    return this.#reader.streams
  }

  /** Emits the frames that these bytes complete. Frames own their bytes; `bytes` may be reused afterwards. */
  push(bytes: Uint8Array, emit: (frame: MediaFrame) => void): void {
    this.#emit = emit
    this.#reader.push(bytes)
  }

  /** The stream is over: emits what waited for the next packet. */
  end(emit: (frame: MediaFrame) => void): void {
    this.#emit = emit
    this.#reader.end()
  }

  #onPes(stream: TsStream, packet: PesPacket): void {
    const dts = packet.dts === undefined ? undefined : this.#unfold(packet.dts)
    const pts = packet.pts === undefined ? undefined : this.#unfold(packet.pts)
    if (dts === undefined || pts === undefined) this.#untimed++
    if (this.#reader.streams !== this.#streams) this.#chooseStreams(this.#reader.streams)
    if (stream === this.#soundStream) this.#sound?.read(packet, pts, this.#emit)
    else if (dts === undefined || pts === undefined) return
    else if (stream === this.#pictureStream) this.#picture?.read(packet, pts, dts, this.#emit)
    else if (stream.codec === "id3") this.#onId3?.(pts, packet.bytes.slice(packet.start, packet.end))
  }

  /** A stream that is another than before begins anew. */
  #chooseStreams(streams: ReadonlyArray<TsStream>): void {
    this.#streams = streams
    const picture = streams.find(isPicture)
    const sound = streams.find(isSound)
    if (picture !== this.#pictureStream) this.#picture = picture && new PictureReader(picture.codec)
    if (sound !== this.#soundStream) this.#sound = sound && soundReader(sound)
    this.#pictureStream = picture
    this.#soundStream = sound
  }

  /** The value nearest to the clock of which these are the low 33 bits. The clock of pictures and sound is one. */
  #unfold(ticks: number): number {
    if (this.#clock === undefined) {
      this.#clock = ticks
      return ticks
    }
    const last = this.#clock
    let delta = (ticks - last) % clockModulus
    if (delta >= halfModulus) delta -= clockModulus
    else if (delta < -halfModulus) delta += clockModulus
    this.#clock = last + delta
    return this.#clock
  }
}
