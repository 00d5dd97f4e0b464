/** FLV, and what codecs say of themselves. */
import * as Result from "effect/Result"
import { decodeAudioSpecificConfig } from "../../src/domain/codec/AudioSpecificConfig.ts"
import { decodeAv1Config } from "../../src/domain/codec/Av1Config.ts"
import { decodeAvcConfig } from "../../src/domain/codec/AvcConfig.ts"
import { decodeAvcSps } from "../../src/domain/codec/AvcSps.ts"
import { decodeHevcConfig, decodeHevcSps } from "../../src/domain/codec/HevcConfig.ts"
import { decodeOpusHead } from "../../src/domain/codec/OpusHead.ts"
import { decodeVpcConfig } from "../../src/domain/codec/VpcConfig.ts"
import { FlvReader } from "../../src/domain/flv/FlvReader.ts"
import { TagBodyReader } from "../../src/domain/flv/TagBody.ts"
import { Kind } from "../../src/domain/media/MediaFrame.ts"
import { flvFiles, tagBodies } from "./captured.ts"
import { fuzz } from "./fuzz.ts"

fuzz({
  name: "FLV files",
  seeds: flvFiles,
  run: (input) => {
    const reader = new FlvReader()
    let bytes = 0
    const half = input.length >> 1
    for (const part of [input.subarray(0, half), input.subarray(half)]) {
      reader.push(part, (_type, _timestamp, _body, start, end) => (bytes += end - start))
    }
    if (bytes > input.length) throw new Error(`${bytes} bytes of tags from ${input.length}`)
  }
})

for (const [name, kind] of [
  ["FLV sound", Kind.Audio],
  ["FLV pictures", Kind.Video]
] as const) {
  fuzz({
    name,
    seeds: tagBodies(kind),
    run: (input) => {
      new TagBodyReader().read(kind, 1, input, 0, input.length, (frame) => {
        const isInside = frame.start <= frame.dataStart && frame.dataStart <= frame.end
        if (!isInside || frame.end > frame.bytes.length) throw new Error("a frame outside of its bytes")
      })
    }
  })
}

/** Codec headers: the body behind the FLV part, which is 5 bytes for pictures and 2 for sound, before Enhanced RTMP. */
const records = [...tagBodies(Kind.Video), ...tagBodies(Kind.Audio)].flatMap((body) => [
  body.subarray(5, 200),
  body.subarray(2, 200)
])

fuzz({
  name: "codec records",
  seeds: records,
  run: (input) => {
    const avc = decodeAvcConfig(input)
    if (Result.isSuccess(avc)) for (const sps of avc.success.sps) decodeAvcSps(sps)
    const hevc = decodeHevcConfig(input)
    if (Result.isSuccess(hevc)) for (const sps of hevc.success.sps) decodeHevcSps(sps)
    decodeAvcSps(input)
    decodeHevcSps(input)
    decodeAudioSpecificConfig(input)
    decodeAv1Config(input)
    decodeVpcConfig(input)
    decodeOpusHead(input)
  }
})
