import { expect, test } from "bun:test"
import { amfObject, type AmfObject, type AmfValue, ecmaArray } from "../../../src/domain/amf/AmfValue.ts"
import { FourCc } from "../../../src/domain/codec/CodecId.ts"
import { readMetadata } from "../../../src/domain/flv/Metadata.ts"

const read = (...values: ReadonlyArray<AmfValue>) => readMetadata(values, "sluice", "1.2.3")

const obs = {
  duration: 0,
  fileSize: 0,
  width: 1920,
  height: 1080,
  videocodecid: 7,
  framerate: 30,
  audiocodecid: 10,
  audiosamplerate: 48_000,
  stereo: true,
  encoder: "obs-output module (libobs version 29.0.2)"
}

test("keeps the members and their order, without duration and filesize, and adds the server", () => {
  const metadata = read("@setDataFrame", "onMetaData", ecmaArray({ duration: 0, width: 320, filesize: 9, height: 180 }))
  expect(metadata?.values[0]).toBe("onMetaData")
  const object = metadata?.values[1] as AmfObject
  expect(object.kind).toBe("ecmaArray")
  expect([...object]).toEqual([
    ["width", 320],
    ["height", 180],
    ["server", "sluice"],
    ["server_version", "1.2.3"]
  ])
})

test("takes an object, and onMetaData without @setDataFrame", () => {
  const object = read("onMetaData", amfObject({ width: 1 }))?.values[1] as AmfObject
  expect([object.kind, object.get("width")]).toEqual(["ecmaArray", 1])
})

test("replaces what a server before us has said of itself", () => {
  const object = read("onMetaData", amfObject({ server: "SRS", width: 1 }))?.values[1] as AmfObject
  expect([...object.keys()]).toEqual(["width", "server", "server_version"])
})

test("does not change what it was given", () => {
  const given = amfObject({ duration: 1 })
  read("onMetaData", given)
  expect([...given]).toEqual([["duration", 1]])
})

test("tells the facts of the stream", () => {
  expect(read("@setDataFrame", "onMetaData", ecmaArray(obs))?.facts).toEqual({
    width: 1920,
    height: 1080,
    framesPerSecond: 30,
    videoCodec: 7,
    audioCodec: 10,
    audioSampleRate: 48_000,
    stereo: true,
    encoder: "obs-output module (libobs version 29.0.2)"
  })
})

test("a codec may be a fourCC, as a number or as text", () => {
  const facts = (videocodecid: AmfValue) => read("onMetaData", amfObject({ videocodecid }))?.facts.videoCodec
  expect(facts(1_752_589_105)).toBe(FourCc.Hevc)
  expect(facts("avc1")).toBe(FourCc.Avc)
  for (const none of ["H.264 ", null, -1, 0.5, Number.NaN, 2 ** 32, []]) expect(facts(none)).toBeUndefined()
})

test("values of the wrong type say nothing", () => {
  const facts = read("onMetaData", amfObject({ width: "1920", height: -1, framerate: Infinity, stereo: 1 }))?.facts
  expect(Object.values(facts ?? {}).filter((value) => value !== undefined)).toEqual([])
})

test("recognises bravo_atc", () => {
  expect(read("onMetaData", amfObject({ bravo_atc: "true" }))?.bravoAtc).toBe(true)
  expect(read("onMetaData", amfObject({ bravo_atc: "false" }))?.bravoAtc).toBe(false)
  expect(read("onMetaData", amfObject(obs))?.bravoAtc).toBe(false)
})

test("other data messages are no metadata", () => {
  for (const values of [
    [],
    ["@setDataFrame"],
    ["onMetaData"],
    ["onMetaData", null],
    ["onMetaData", "x"],
    ["onCuePoint", amfObject({})],
    ["@clearDataFrame", "onMetaData"],
    [0, null]
  ]) {
    expect(read(...values)).toBeUndefined()
  }
})
