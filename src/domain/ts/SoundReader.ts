/** AAC, MP3 and Opus of a transport stream as media frames: several to a PES packet, or parts of one. */

import { concat } from "../bytes/bytes.ts"
import { FourCc } from "../codec/CodecId.ts"
import { audioFrame } from "../flv/Enhanced.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import { adtsHeaderLength, readAdtsHeader } from "./Adts.ts"
import { aacRecord, opusHead } from "./configRecords.ts"
import { mpegAudioHeaderLength, readMpegAudioHeader } from "./MpegAudio.ts"
import { opusSamples } from "./opusDuration.ts"
import { readControlHeader } from "./OpusPacket.ts"
import type { PesPacket } from "./PesBuffer.ts"
import { ticksPerMilli, ticksPerSecond } from "./packet.ts"
import type { TsStream } from "./Sections.ts"

const noBytes = new Uint8Array(0)

type Emit = (frame: MediaFrame) => void

/** One frame at the start of a run of bytes. */
interface Found {
  /** Bytes to move on by. */
  readonly length: number
  /** Ticks of 90 kHz until the next frame. */
  readonly duration: number
}

/** What a format tells: where its frames are, and what becomes of one. */
interface SoundFormat {
  readonly headerLength: number
  /**
   * The frame at `at`, of which `headerLength` bytes are there: undefined where none is, and with a length beyond `end`
   * where it is not all there.
   */
  readonly find: (bytes: Uint8Array, at: number, end: number) => Found | undefined
  /** Emits the frame that was found last. */
  readonly take: (bytes: Uint8Array, at: number, published: number, emit: Emit) => void
}

/** Splits a stream of sound into its frames, each with its time: the packet's, or so much later. */
export class SoundReader {
  readonly #format: SoundFormat
  /** The start of a frame whose rest comes with the next packet. */
  #rest: Uint8Array = noBytes
  /** Unfolded time of the next frame, where it can be known. */
  #next: number | undefined

  constructor(format: SoundFormat) {
    this.#format = format
  }

  read(packet: PesPacket, pts: number | undefined, emit: Emit): void {
    const rest = packet.damaged ? noBytes : this.#rest
    const payload = packet.bytes.subarray(packet.start, packet.end)
    const bytes = rest.length === 0 ? payload : concat([rest, payload])
    const { find, headerLength, take } = this.#format
    // The packet's time is that of the first frame which begins in it.
    let timed = pts === undefined
    let at = 0
    this.#rest = noBytes
    while (at < bytes.length) {
      const whole = bytes.length - at >= headerLength
      const found = whole ? find(bytes, at, bytes.length) : undefined
      if (whole && found === undefined) {
        at++
        continue
      }
      if (!timed && at >= rest.length) {
        this.#next = pts
        timed = true
      }
      if (found === undefined || at + found.length > bytes.length) {
        if (!packet.damaged) this.#rest = bytes.slice(at)
        return
      }
      if (this.#next !== undefined) {
        take(bytes, at, Math.round(this.#next / ticksPerMilli) >>> 0, emit)
        this.#next += found.duration
      }
      at += found.length
    }
  }
}

class AdtsFormat implements SoundFormat {
  readonly headerLength = adtsHeaderLength
  #config = -1
  #found = readAdtsHeader(noBytes, 0)

  readonly find = (bytes: Uint8Array, at: number): Found | undefined => {
    const found = readAdtsHeader(bytes, at)
    this.#found = found
    return found && { length: found.length, duration: (1024 * found.blocks * ticksPerSecond) / found.sampleRate }
  }

  /** Several raw data blocks behind one header have no lengths of their own: nobody writes them, they are left out. */
  readonly take = (bytes: Uint8Array, at: number, published: number, emit: Emit): void => {
    const found = this.#found
    if (found === undefined || found.blocks > 1) return
    if (found.config !== this.#config) {
      this.#config = found.config
      emit(audioFrame({ codec: FourCc.Aac, header: true, data: aacRecord(found.config) }, published))
    }
    const data = bytes.subarray(at + found.headerLength, at + found.length)
    emit(audioFrame({ codec: FourCc.Aac, data }, published))
  }
}

class Mp3Format implements SoundFormat {
  readonly headerLength = mpegAudioHeaderLength
  #found = readMpegAudioHeader(noBytes, 0)

  readonly find = (bytes: Uint8Array, at: number): Found | undefined => {
    const found = readMpegAudioHeader(bytes, at)
    this.#found = found
    return found && { length: found.length, duration: (found.samples * ticksPerSecond) / found.sampleRate }
  }

  readonly take = (bytes: Uint8Array, at: number, published: number, emit: Emit): void => {
    const found = this.#found
    if (found === undefined) return
    const { channels, length, sampleRate } = found
    emit(audioFrame({ codec: FourCc.Mp3, sampleRate, channels, data: bytes.subarray(at, at + length) }, published))
  }
}

class OpusFormat implements SoundFormat {
  readonly headerLength = 3
  readonly #channels: number
  #announced = false
  #start = 0
  #end = 0

  constructor(channels: number) {
    this.#channels = channels
  }

  readonly find = (bytes: Uint8Array, at: number, end: number): Found | undefined => {
    const range = readControlHeader(bytes, at, end)
    if (range === undefined) return undefined
    this.#start = range.start
    this.#end = range.end
    const duration = (opusSamples(bytes, range.start, range.end) * ticksPerSecond) / 48_000
    return { length: range.end - at, duration }
  }

  readonly take = (bytes: Uint8Array, _at: number, published: number, emit: Emit): void => {
    if (this.#start === this.#end) return
    if (!this.#announced) {
      this.#announced = true
      emit(audioFrame({ codec: FourCc.Opus, header: true, data: opusHead(this.#channels) }, published))
    }
    emit(audioFrame({ codec: FourCc.Opus, data: bytes.subarray(this.#start, this.#end) }, published))
  }
}

export const soundReader = ({ channels, codec }: TsStream): SoundReader =>
  new SoundReader(codec === "aac" ? new AdtsFormat() : codec === "opus" ? new OpusFormat(channels) : new Mp3Format())
