/** Sound as the payload of PES packets: AAC with ADTS headers, MP3 as it is, Opus with control headers. */

import * as Result from "effect/Result"
import { AudioId, FourCc } from "../codec/CodecId.ts"
import { decodeOpusHead, defaultOpusHead } from "../codec/OpusHead.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import { copyBytes } from "../rtmp/copyBytes.ts"
import { adtsHeaderLength, type AdtsTemplate, adtsTemplate, maxAdtsFrame, writeAdtsHeader } from "./Adts.ts"
import { controlHeaderLength, writeControlHeader } from "./OpusPacket.ts"
import { maxTimedPayload } from "./Pes.ts"
import { type ElementaryStream, opusDescriptors } from "./Psi.ts"
import { Pid, StreamId, StreamType } from "./packet.ts"

const noBytes = new Uint8Array(0)

/** Channels beyond this have no channel configuration code. */
const maxOpusChannels = 8

export interface TsAudio {
  readonly stream: ElementaryStream
  readonly streamId: number
  readonly carries: (codec: number) => boolean
  /** A record that cannot be read leaves the one before in force. */
  readonly configure: (record: Uint8Array) => void
  /** Bytes that `write` will write for this frame, 0 if it cannot be carried. */
  readonly measure: (frame: MediaFrame) => number
  /** Returns the place behind what it wrote. */
  readonly write: (frame: MediaFrame, target: Uint8Array, at: number) => number
}

const dataLength = (frame: MediaFrame): number => frame.end - frame.dataStart

const writeData = (frame: MediaFrame, target: Uint8Array, at: number): number => {
  copyBytes(frame.bytes, frame.dataStart, frame.end, target, at)
  return at + dataLength(frame)
}

const isAac = (codec: number): boolean => codec === AudioId.Aac || codec === FourCc.Aac
const isMp3 = (codec: number): boolean => codec === AudioId.Mp3 || codec === AudioId.Mp3Rate8k || codec === FourCc.Mp3
const isOpus = (codec: number): boolean => codec === AudioId.Opus || codec === FourCc.Opus

class AacAudio implements TsAudio {
  readonly stream = { pid: Pid.Audio, type: StreamType.Aac, descriptors: noBytes }
  readonly streamId = StreamId.Audio
  readonly carries = isAac
  #template: AdtsTemplate | undefined

  configure(record: Uint8Array): void {
    this.#template = adtsTemplate(record) ?? this.#template
  }

  measure(frame: MediaFrame): number {
    const length = adtsHeaderLength + dataLength(frame)
    return this.#template === undefined || length === adtsHeaderLength || length > maxAdtsFrame ? 0 : length
  }

  write(frame: MediaFrame, target: Uint8Array, at: number): number {
    if (this.#template !== undefined) writeAdtsHeader(target, at, this.#template, dataLength(frame))
    return writeData(frame, target, at + adtsHeaderLength)
  }
}

const writable = (length: number): number => (length > maxTimedPayload ? 0 : length)

class Mp3Audio implements TsAudio {
  readonly stream: ElementaryStream
  readonly streamId = StreamId.Audio
  readonly carries = isMp3

  /** ID bit of the frame header (ISO/IEC 11172-3 §2.4.2.3): set for MPEG-1, else the low rates of MPEG-2. */
  constructor(first: MediaFrame) {
    const mpeg1 = (first.bytes[first.dataStart + 1] & 0x08) !== 0
    const type = mpeg1 ? StreamType.Mpeg1Audio : StreamType.Mpeg2Audio
    this.stream = { pid: Pid.Mp3, type, descriptors: noBytes }
  }

  configure(): void {}

  measure(frame: MediaFrame): number {
    return writable(dataLength(frame))
  }

  write(frame: MediaFrame, target: Uint8Array, at: number): number {
    return writeData(frame, target, at)
  }
}

class OpusAudio implements TsAudio {
  readonly stream: ElementaryStream
  readonly streamId = StreamId.Private1
  readonly carries = isOpus

  constructor(first: MediaFrame) {
    const head = first.header ? Result.getOrElse(decodeOpusHead(first.data), () => defaultOpusHead) : defaultOpusHead
    const descriptors = opusDescriptors(Math.min(head.channels, maxOpusChannels))
    this.stream = { pid: Pid.Audio, type: StreamType.PrivateData, descriptors }
  }

  configure(): void {}

  measure(frame: MediaFrame): number {
    const length = dataLength(frame)
    return length === 0 ? 0 : writable(controlHeaderLength(length) + length)
  }

  write(frame: MediaFrame, target: Uint8Array, at: number): number {
    return writeData(frame, target, writeControlHeader(target, at, dataLength(frame)))
  }
}

/** For the codec of a stream's first frame or header; undefined for what a transport stream cannot carry. */
export const tsAudio = (first: MediaFrame): TsAudio | undefined => {
  if (isAac(first.codec)) return new AacAudio()
  if (isMp3(first.codec)) return first.header || dataLength(first) < 4 ? undefined : new Mp3Audio(first)
  return isOpus(first.codec) ? new OpusAudio(first) : undefined
}
