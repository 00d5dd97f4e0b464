import { expect, test } from "bun:test"
import { maxValueLength, readReport } from "../../../src/layers/telemetry/playerReport.ts"

test("a report is read by the keys of the standard", () => {
  // CTA-5004, the example with all keys.
  const all = `bl=21300,br=3200,bs,cid="faec5fc2-ac30-11ea-bb37-0242ac130002",d=4004,dl=18500,mtp=48100,nor="..%2F300kbps%2Ftrack.m4v",nrr="12323-48763",ot=v,pr=1.08,rtp=12000,sf=d,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",st=v,su,tb=6000`
  expect(readReport(all)).toMatchObject({ bl: 21_300, bs: true, ot: "v", pr: 1.08, sf: "d", tb: 6000 })
  expect(Object.keys(readReport(all))).toHaveLength(17)
  // Of the second version.
  expect(readReport("br=(3200;v 128;a),bl=(100 200),sta=p,ltc=1200,v=2")).toEqual({
    br: "3200 128",
    bl: "100 200",
    sta: "p",
    ltc: 1200,
    v: 2
  })
})

test("what is none is nothing, keys of others are left out, long texts are cut", () => {
  for (const text of ["", "=", "bl=(", '"', "BL=5", "bl=1e9", "a".repeat(2000), "\0", "__proto__=1"])
    expect(readReport(text)).toEqual({})
  expect(readReport('com.example-x="1",bl=1')).toEqual({ bl: 1 })
  expect(String(readReport(`cid="${"x".repeat(1000)}"`).cid)).toHaveLength(maxValueLength)
})
