/** Files of FFmpeg, and what its demuxer says of them (test/fixtures/flv), in the words of SRS's API. */
import { expect, test } from "bun:test"
import { Kind } from "../../../src/domain/media/MediaFrame.ts"
import { audioFacts, videoFacts } from "../../../src/domain/stats/codecFacts.ts"
import { fixtureFrames } from "../../support/flvFrames.ts"

const factsOf = (name: string) => {
  const frames = fixtureFrames(name)
  const first = (kind: Kind) =>
    frames.find((frame) => frame.kind === kind && frame.header) ?? frames.find((frame) => frame.kind === kind)
  const video = first(Kind.Video)
  const audio = first(Kind.Audio)
  const picture = video && videoFacts(video)
  const sound = audio && audioFacts(audio)
  return [
    picture && `${picture.codec} ${picture.profile} ${picture.level} ${picture.width}x${picture.height}`,
    sound && `${sound.codec} ${sound.profile} ${sound.sampleRate} ${sound.channels}`
  ]
}

/** Sizes, profiles, rates and channels are those in the file's JSON. */
const rows: ReadonlyArray<readonly [name: string, video: string | undefined, audio: string | undefined]> = [
  ["h264-aac", "H264 High 1.2 320x180", "AAC LC 48000 2"],
  ["h264-mp3", "H264 Baseline(Constrained) 3 176x144", "MP3 Other 44100 2"],
  ["h264-eac3", "H264 High 1.2 320x180", "Other Other 44100 2"],
  ["hevc-opus", "HEVC Main 2 320x180", "Opus Other 48000 2"],
  ["hevc-hdr-aac", "HEVC Main10 2 320x180", "AAC LC 48000 1"],
  ["av1-flac", "AV1 Other Other 320x180", "Other Other 44100 2"],
  ["vp9-ac3", "Other Other Other 0x0", "Other Other 44100 2"],
  // FLV's two bits, which FFmpeg sets to 11 kHz for any Speex.
  ["h263-speex", "Other Other Other 0x0", "Other Other 11025 1"]
]

for (const [name, video, audio] of rows) {
  test(name, () => expect(factsOf(name)).toEqual([video, audio]))
}

test("a frame instead of the header tells the codec only", () => {
  const frames = fixtureFrames("h264-aac").filter(({ header }) => !header)
  const video = frames.find(({ kind }) => kind === Kind.Video)
  const audio = frames.find(({ kind }) => kind === Kind.Audio)
  expect(video && videoFacts(video)).toEqual({ codec: "H264", profile: "Other", level: "Other", width: 0, height: 0 })
  expect(audio && audioFacts(audio)).toMatchObject({ codec: "AAC", profile: "Other" })
})
