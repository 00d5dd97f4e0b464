/** Pictures as the payload of PES packets: H.264 and HEVC (ISO/IEC 13818-1 §2.14, §2.17). */

import * as Result from "effect/Result"
import { decodeAvcConfig } from "../codec/AvcConfig.ts"
import { FourCc, VideoId } from "../codec/CodecId.ts"
import { decodeHevcConfig } from "../codec/HevcConfig.ts"
import type { MediaFrame } from "../media/MediaFrame.ts"
import { AccessUnit, avcSyntax, hevcSyntax, type NalSyntax, startCodeLength, withStartCodes } from "./nalUnits.ts"
import { type ElementaryStream, hevcDescriptors } from "./Psi.ts"
import { Pid, StreamType } from "./packet.ts"
import { lengthPrefixed } from "./startCodes.ts"

const noBytes = new Uint8Array(0)

interface Configuration {
  readonly lengthSize: number
  readonly parameterSets: Uint8Array
}

interface VideoCodec {
  readonly syntax: NalSyntax
  readonly stream: ElementaryStream
  readonly configuration: (record: Uint8Array) => Configuration | undefined
}

const avc: VideoCodec = {
  syntax: avcSyntax,
  stream: { pid: Pid.Video, type: StreamType.Avc, descriptors: noBytes },
  configuration: (record) => {
    const config = Result.getOrUndefined(decodeAvcConfig(record))
    if (config === undefined) return undefined
    return { lengthSize: config.lengthSize, parameterSets: withStartCodes([...config.sps, ...config.pps]) }
  }
}

const hevc: VideoCodec = {
  syntax: hevcSyntax,
  stream: { pid: Pid.Video, type: StreamType.Hevc, descriptors: hevcDescriptors },
  configuration: (record) => {
    const config = Result.getOrUndefined(decodeHevcConfig(record))
    if (config === undefined) return undefined
    const { lengthSize, pps, sps, vps } = config
    return { lengthSize, parameterSets: withStartCodes([...vps, ...sps, ...pps]) }
  }
}

const codecOf = (codec: number): VideoCodec | undefined => {
  if (codec === VideoId.Avc || codec === FourCc.Avc) return avc
  return codec === VideoId.Hevc || codec === FourCc.Hevc ? hevc : undefined
}

export class TsVideo {
  readonly #codec: VideoCodec
  readonly #unit: AccessUnit
  #configuration: Configuration | undefined
  #between: Uint8Array = noBytes
  #keyframe = false

  /** Undefined for what a transport stream cannot carry. */
  static of(codec: number): TsVideo | undefined {
    const known = codecOf(codec)
    return known && new TsVideo(known)
  }

  constructor(codec: VideoCodec) {
    this.#codec = codec
    this.#unit = new AccessUnit(codec.syntax)
  }

  get stream(): ElementaryStream {
    return this.#codec.stream
  }

  carries(codec: number): boolean {
    return codecOf(codec) === this.#codec
  }

  /** A record that cannot be read leaves the one before in force. */
  configure(record: Uint8Array): void {
    this.#configuration = this.#codec.configuration(record) ?? this.#configuration
  }

  /** A decoder can start at the frame last measured. */
  get isKeyframe(): boolean {
    return this.#keyframe
  }

  /** Bytes of the payload that `write` will write, 0 if nothing in the frame can be read. */
  measure(frame: MediaFrame): number {
    const configuration = this.#configuration
    if (configuration === undefined) return 0
    const unit = this.#unit
    const picture = lengthPrefixed(frame)
    const lengthSize = picture === frame ? configuration.lengthSize : startCodeLength
    unit.walk(picture.bytes, picture.dataStart, picture.end, lengthSize)
    if (unit.units === 0) return 0
    this.#keyframe = frame.keyframe || unit.hasRandomAccess
    this.#between = this.#keyframe && !unit.hasParameterSets ? configuration.parameterSets : noBytes
    const delimiter = unit.delimiterLength > 0 ? 0 : this.#codec.syntax.delimiterUnit.length
    return delimiter + this.#between.length + unit.length
  }

  /** Writes the frame that was measured last. */
  write(target: Uint8Array, at: number): void {
    let to = at
    if (this.#unit.delimiterLength === 0) {
      target.set(this.#codec.syntax.delimiterUnit, to)
      to += this.#codec.syntax.delimiterUnit.length
    }
    this.#unit.write(target, to, this.#between)
  }
}
