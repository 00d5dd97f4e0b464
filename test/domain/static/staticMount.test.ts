import { expect, test } from "bun:test"
import { findStaticMount, staticMounts } from "../../../src/domain/static/staticMount.ts"

const vhost = (name: string, mount: string, dir: string, enabled = true) => ({
  name,
  httpStatic: { enabled, mount, dir }
})

const mounts = staticMounts(
  [
    vhost("__defaultVhost__", "[vhost]/vod", "vod"),
    vhost("__defaultVhost__", "/vod/old/", "old"),
    vhost("Movies.Example", "[vhost]/", "movies"),
    vhost("b.example", "cdn.example/x/", "cdn"),
    vhost("off.example", "/off/", "off", false)
  ],
  "root"
)

const cases: ReadonlyArray<readonly [host: string, path: string, dir: string]> = [
  ["h", "/", "root"],
  ["h", "/index.html", "root"],
  ["h", "/off/a", "root"],
  ["h", "/vod/a.mp4", "vod"],
  ["h", "/vod", "vod"],
  ["h", "/vodka", "root"],
  ["h", "/vod/old/a.mp4", "old"],
  ["movies.example", "/vod/a.mp4", "movies"],
  ["cdn.example", "/x/a", "cdn"],
  ["cdn.example", "/y/a", "root"],
  ["b.example", "/x/a", "root"]
]
test.each(cases)("host %s, path %s is in %s", (host, path, dir) => {
  expect(findStaticMount(mounts, host, path)?.dir).toBe(dir)
})

test("a mount at the root replaces the server's directory", () => {
  const replaced = staticMounts([vhost("__defaultVhost__", "[vhost]/", "mine")], "root")
  expect(findStaticMount(replaced, "h", "/a")?.dir).toBe("mine")
})
