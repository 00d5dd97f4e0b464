import { describe, expect, test } from "bun:test"
import { createDecipheriv } from "node:crypto"
import { encrypt } from "../../../src/domain/hls/encrypt.ts"
import { entryUri, fileName, fileOfUri, isSafePath, withExtension } from "../../../src/domain/hls/fileName.ts"

const facts = {
  name: { vhost: "v.com", app: "live/hd", stream: "a" },
  sequence: 7,
  durationMillis: 2040.4,
  timestamp: 1234,
  openedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  utc: true
}

test.each([
  ["[app]/[stream]-[seq].ts", "live/hd/a-7.ts"],
  [
    "[vhost]/[app]/[stream]/[2006]/[01]/[02]/[15].[04].[05].[999]_[duration].ts",
    "v.com/live/hd/a/2026/01/02/03.04.05.006_2040.ts"
  ],
  ["/[stream]-[timestamp].ts", "a-1234.ts"],
  ["[stream]-[other]-[seq]-[seq].ts", "a-[other]-7-7.ts"]
])("%s is %s", (template, name) => {
  expect(fileName(template, facts)).toBe(name)
})

describe("the URI of a file, and the file of the URI:", () => {
  const cases: ReadonlyArray<readonly [prefix: string, playlist: string, file: string, uri: string]> = [
    ["", "live/a.m3u8", "live/a-0.ts", "a-0.ts"],
    ["", "live/a.m3u8", "live/a/0.ts", "a/0.ts"],
    ["", "live/a.m3u8", "seg/a-0.ts", "../seg/a-0.ts"],
    ["", "a.m3u8", "a-0.ts", "a-0.ts"],
    ["", "live/a b.m3u8", "live/a b?-0.ts", "a%20b%3F-0.ts"],
    ["http://cdn", "live/a.m3u8", "live/a-0.ts", "http://cdn/live/a-0.ts"],
    ["http://cdn/", "live/a.m3u8", "live/a-0.ts", "http://cdn/a-0.ts"]
  ]
  test.each(cases)("%s %s %s", (prefix, playlist, file, uri) => {
    expect(entryUri(prefix, playlist, file)).toBe(uri)
    expect(fileOfUri(prefix, playlist, uri)).toBe(file)
  })

  test("one that leads out of the root is none", () => {
    expect(fileOfUri("", "live/a.m3u8", "../../../etc/passwd")).toBe("etc/passwd")
    expect(fileOfUri("", "live/a.m3u8", "%2e%2e/x")).toBeUndefined()
    expect(fileOfUri("http://cdn", "live/a.m3u8", "http://other/live/a.ts")).toBeUndefined()
  })
})

test("names that leave the folder, or that no file has, are refused", () => {
  const unsafe = ["", "../a", "a/../b", "a/./b", "a//b", "a\0", "a\nb", "a\\b", "a/"]
  expect(unsafe.filter(isSafePath)).toEqual([])
  expect(["a", "live/a-0.ts", "live/a..b.ts", "live/ü.ts"].filter(isSafePath)).toHaveLength(4)
  expect([withExtension("l/a-0.ts", ".m4s"), withExtension("l/a", ".m4s")]).toEqual(["l/a-0.m4s", "l/a.m4s"])
})

test("a segment encrypted is the segment when decrypted, padded to whole blocks", () => {
  const key = Buffer.alloc(16, 1)
  const iv = Buffer.alloc(16, 2)
  for (const length of [0, 15, 16, 188]) {
    const plain = Buffer.alloc(length, 7)
    const secret = encrypt(plain, key, iv)
    expect(secret.length).toBe(16 * (Math.floor(length / 16) + 1))
    const decipher = createDecipheriv("aes-128-cbc", key, iv)
    expect(Buffer.concat([decipher.update(secret), decipher.final()])).toEqual(plain)
  }
})
