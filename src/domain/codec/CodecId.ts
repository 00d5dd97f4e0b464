/**
 * Codec ids as a `MediaFrame` carries them: the 4-bit ids of FLV (Adobe FLV 10.1 §E.4.2.1, §E.4.3.1), or the FourCC of
 * Enhanced RTMP v2 as uint32. Any other number is a codec this server relays without knowing it.
 */

import { Kind } from "../media/MediaFrame.ts"

/** SoundFormat of a legacy audio tag. */
export const AudioId = {
  Lpcm: 0,
  Adpcm: 1,
  Mp3: 2,
  LpcmLittleEndian: 3,
  Nellymoser16k: 4,
  Nellymoser8k: 5,
  Nellymoser: 6,
  G711A: 7,
  G711U: 8,
  /** Not a codec: the Enhanced RTMP header follows. */
  ExHeader: 9,
  Aac: 10,
  Speex: 11,
  /** lal's use of a reserved id. */
  Opus: 13,
  Mp3Rate8k: 14,
  DeviceSpecific: 15
} as const

/** CodecID of a legacy video tag. 12 and 13 are a convention of Chinese CDNs, 8 of some encoders. */
export const VideoId = {
  H263: 2,
  Screen: 3,
  Vp6: 4,
  Vp6Alpha: 5,
  Screen2: 6,
  Avc: 7,
  RealH263: 8,
  Hevc: 12,
  Av1: 13
} as const

/** FourCC as the uint32 that its four ASCII bytes make in network order. */
export const FourCc = {
  Avc: 0x61766331,
  Hevc: 0x68766331,
  Vvc: 0x76766331,
  Av1: 0x61763031,
  Vp8: 0x76703038,
  Vp9: 0x76703039,
  Aac: 0x6d703461,
  Opus: 0x4f707573,
  Mp3: 0x2e6d7033,
  Flac: 0x664c6143,
  Ac3: 0x61632d33,
  Eac3: 0x65632d33
} as const

const audioNames: ReadonlyMap<number, string> = new Map([
  [AudioId.Lpcm, "LPCM"],
  [AudioId.Adpcm, "ADPCM"],
  [AudioId.Mp3, "MP3"],
  [AudioId.LpcmLittleEndian, "LPCM"],
  [AudioId.Nellymoser16k, "Nellymoser"],
  [AudioId.Nellymoser8k, "Nellymoser"],
  [AudioId.Nellymoser, "Nellymoser"],
  [AudioId.G711A, "G711A"],
  [AudioId.G711U, "G711U"],
  [AudioId.Aac, "AAC"],
  [AudioId.Speex, "Speex"],
  [AudioId.Opus, "Opus"],
  [AudioId.Mp3Rate8k, "MP3"],
  [AudioId.DeviceSpecific, "Device"],
  [FourCc.Aac, "AAC"],
  [FourCc.Opus, "Opus"],
  [FourCc.Mp3, "MP3"],
  [FourCc.Flac, "FLAC"],
  [FourCc.Ac3, "AC-3"],
  [FourCc.Eac3, "E-AC-3"]
])

const videoNames: ReadonlyMap<number, string> = new Map([
  [VideoId.H263, "H263"],
  [VideoId.Screen, "Screen"],
  [VideoId.Vp6, "VP6"],
  [VideoId.Vp6Alpha, "VP6A"],
  [VideoId.Screen2, "Screen2"],
  [VideoId.Avc, "H264"],
  [VideoId.RealH263, "RealH263"],
  [VideoId.Hevc, "HEVC"],
  [VideoId.Av1, "AV1"],
  [FourCc.Avc, "H264"],
  [FourCc.Hevc, "HEVC"],
  [FourCc.Vvc, "VVC"],
  [FourCc.Av1, "AV1"],
  [FourCc.Vp8, "VP8"],
  [FourCc.Vp9, "VP9"]
])

/** A FourCC of Enhanced RTMP, not a 4-bit id of FLV. */
export const isEnhanced = (codec: number): boolean => codec > 0x0f

/** The four characters; bytes that are not printable ASCII show as `?`. */
export const fourCcName = (fourCc: number): string => {
  let name = ""
  for (let shift = 24; shift >= 0; shift -= 8) {
    const char = (fourCc >>> shift) & 0xff
    name += char >= 0x20 && char < 0x7f ? String.fromCharCode(char) : "?"
  }
  return name
}

/** The uint32 of four ASCII characters, or undefined for any other text. */
export const fourCcOf = (name: string): number | undefined => {
  if (!/^[\x20-\x7e]{4}$/.test(name)) return undefined
  let fourCc = 0
  for (let i = 0; i < 4; i++) fourCc = fourCc * 256 + name.charCodeAt(i)
  return fourCc
}

/** One name per codec whatever its form on the wire, for the API and logs; an unknown one shows its id. */
export const codecName = (kind: Kind, codec: number): string => {
  if (kind === Kind.Data) return "Data"
  const known = (kind === Kind.Audio ? audioNames : videoNames).get(codec)
  return known ?? (isEnhanced(codec) ? fourCcName(codec) : `Other(${codec})`)
}
