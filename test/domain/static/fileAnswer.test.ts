import { expect, test } from "bun:test"
import type { RequestHead } from "../../../src/domain/http/RequestHead.ts"
import { fileAnswer, flvStart } from "../../../src/domain/static/fileAnswer.ts"

const head = (target: string, fields: Readonly<Record<string, string>> = {}, method = "GET"): RequestHead => {
  const [path, query] = target.split("?") as [string, string | undefined]
  const headers = new Map(Object.entries(fields))
  const text = query === undefined ? "" : `?${query}`
  const host = { host: "h", authority: "h", minor: 1, contentLength: 0, chunked: false, headLength: 0 } as const
  return { method, target, path, query: text, headers, ...host }
}

/** 1000 bytes, changed at the moment of RFC 9110's example. */
const ask = (target: string, fields: Readonly<Record<string, string>> = {}, method = "GET") => {
  const request = head(target, fields, method)
  const { headers, ...answer } = fileAnswer(
    { path: request.path, size: 1000, modifiedMillis: 784_111_777_250 },
    request
  )
  return { ...answer, fields: Object.fromEntries(headers) }
}
const seen = (...[target, fields, method]: Parameters<typeof ask>) => {
  const { fields: sent, from, status, to } = ask(target, fields, method)
  return `${status} ${from}-${to} ${sent["Content-Range"] ?? ""}`.trim()
}

test("a file is sent with type, validators and how long it keeps", () => {
  const { etag, ...fields } = (({ ETag: etag = "", ...rest }) => ({ etag, ...rest }))(ask("/a.mp4").fields)
  expect(etag).toMatch(/^"[0-9a-z]+-rs"$/)
  expect(fields).toEqual({
    "Content-Type": "video/mp4",
    "X-Content-Type-Options": "nosniff",
    "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
    "Cache-Control": "no-cache",
    "Accept-Ranges": "bytes"
  })
  expect(ask("/a.ts").fields["Cache-Control"]).toBe("max-age=60")
})

test("files of every type have ranges", () => {
  const range = { range: "bytes=10-19" }
  for (const path of ["/a.mp4", "/a.ts", "/a.flv", "/a.txt", "/a"]) {
    expect(seen(path, range)).toBe("206 10-20 bytes 10-19/1000")
  }
  expect(seen("/a.mp4", { range: "bytes=1000-" })).toBe("416 0-0 bytes */1000")
  expect(seen("/a.mp4", range, "HEAD")).toBe("200 0-1000")
  expect(seen("/a.mp4", { ...range, "if-range": '"other"' })).toBe("200 0-1000")
})

test("an MP4 has ranges in the query too; the header counts more", () => {
  expect(seen("/a.mp4?range=10-19")).toBe("206 10-20 bytes 10-19/1000")
  expect(seen("/a.mp4?x=1&bytes=-19")).toBe("206 0-20 bytes 0-19/1000")
  expect(seen("/a.mp4?bytes=19-10")).toBe("200 0-1000")
  expect(seen("/a.mp4?bytes=10-19", { range: "bytes=5-5" })).toBe("206 5-6 bytes 5-5/1000")
  expect(seen("/a.ts?range=10-19")).toBe("200 0-1000")
})

test("a client that has the file is told so, without type", () => {
  const { ETag } = ask("/a.mp4").fields
  const { fields, status, to } = ask("/a.mp4", { "if-none-match": ETag!, range: "bytes=0-9" })
  expect(`${status} ${to} ${fields["ETag"]} ${fields["Content-Type"]}`).toBe(`304 0 ${ETag} undefined`)
  expect(ask("/a.mp4", { "if-match": '"other"' }).status).toBe(412)
})

test("an FLV goes on at a byte", () => {
  const { flvOpening, from, status, to } = ask("/a.flv?start=400")
  expect([status, from, to, flvOpening]).toEqual([200, 400, 1000, true])
  expect(seen("/a.flv?start=1000")).toBe("416 0-0 bytes */1000")
  for (const query of ["start=0", "start=", "start=-5", "start=1e3", "start=x", "begin=5"]) {
    expect(ask(`/a.flv?${query}`).flvOpening).toBe(false)
  }
  expect(ask("/a.mp4?start=400").flvOpening).toBe(false)
  expect(flvStart(head("/live/a.flv?token=x&start=12"))).toBe(12)
})
