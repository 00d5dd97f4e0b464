import { expect, test } from "bun:test"
import { amfObject, type AmfObject, type AmfValue, ecmaArray } from "../../../src/domain/amf/AmfValue.ts"
import { readMetadata } from "../../../src/domain/flv/Metadata.ts"

const read = (...values: ReadonlyArray<AmfValue>) => readMetadata(values, "sluice", "1.2.3")

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

test("recognises bravo_atc", () => {
  expect(read("onMetaData", amfObject({ bravo_atc: "true" }))?.bravoAtc).toBe(true)
  expect(read("onMetaData", amfObject({ bravo_atc: "false" }))?.bravoAtc).toBe(false)
  expect(read("onMetaData", amfObject({ width: 1920 }))?.bravoAtc).toBe(false)
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
