import { expect, test } from "bun:test"
import { posix } from "node:path"
import { filePath, maxFilePathLength } from "../../../src/domain/static/filePath.ts"

const cases: ReadonlyArray<readonly [path: string, file: string | undefined]> = [
  ["", "index.html"],
  ["a/", "a/index.html"],
  ["a/b.mp4", "a/b.mp4"],
  ["a..b", "a..b"],
  ["中 文.flv", "中 文.flv"],
  [".well-known/security.txt", ".well-known/security.txt"],
  ["..", undefined],
  ["../etc/passwd", undefined],
  ["a/../../etc/passwd", undefined],
  ["a/./b", undefined],
  ["a/.git/config", undefined],
  [".htpasswd", undefined],
  ["/etc/passwd", undefined],
  ["a//b", undefined],
  ["a\0.mp4", undefined],
  ["..\\secret", undefined],
  ["a".repeat(maxFilePathLength + 1), undefined]
]
test.each(cases)("%j means %j", (path, file) => {
  expect(filePath(path)).toBe(file)
})

test("whatever is made of dots, slashes and names stays below the directory", () => {
  const parts = ["..", ".", "/", "a", "\0", "\\", "...", "%2e%2e"]
  for (let seed = 0; seed < parts.length ** 5; seed++) {
    let path = ""
    for (let rest = seed; rest > 0; rest = Math.floor(rest / parts.length)) path += parts[rest % parts.length]
    const file = filePath(path)
    if (file !== undefined) expect(posix.join("/root", file)).toStartWith("/root/")
  }
})
