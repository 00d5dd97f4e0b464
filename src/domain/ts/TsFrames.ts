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
import { PictureReader } from "./PictureReader.ts"

/** Largest difference of two times of one moment that is not taken for a wrap. */
const halfModulus = clockModulus / 2

/** A whole ID3 tag, 90 kHz time unfolded. The bytes are a copy. */
export type OnId3 = (pts: number, tag: Uint8Array) => void

export class TsFrames {
  readonly #reader: TsReader
  #emit: (frame: MediaFrame) => void = () => {}
  readonly #onId3: OnId3 | undefined
  #picture: PictureReader | undefined
  #sound: SoundReader | undefined
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
    if (stream.codec === "id3") {
      if (pts !== undefined) this.#onId3?.(pts, packet.bytes.slice(packet.start, packet.end))
    } else if (stream.codec === "avc" || stream.codec === "hevc") {
      if (this.#takes("picture", stream) && dts !== undefined && pts !== undefined) {
        this.#picture?.read(packet, pts, dts, this.#emit)
      }
    } else if (this.#takes("sound", stream)) {
      this.#sound?.read(packet, pts, this.#emit)
    }
  }

  /** The first stream of a kind in the program map is taken; another one, or another codec, begins anew. */
  #takes(kind: "picture" | "sound", stream: TsStream): boolean {
    const isPicture = ({ codec }: TsStream) => codec === "avc" || codec === "hevc"
    const isKind = kind === "picture" ? isPicture : (other: TsStream) => !isPicture(other) && other.codec !== "id3"
    const first = this.#reader.streams.find(isKind)
    if (first !== undefined && first.pid !== stream.pid) return false
    if (kind === "picture" && this.#pictureStream !== stream) {
      this.#pictureStream = stream
      this.#picture = new PictureReader(stream.codec === "hevc" ? "hevc" : "avc")
    } else if (kind === "sound" && this.#soundStream !== stream) {
      this.#soundStream = stream
      this.#sound = soundReader(stream)
    }
    return true
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
