import { expect, test } from "bun:test"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { buildPage } from "../../scripts/web.ts"

const folder = join(import.meta.dir, "../../public")
const hash = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex")

test("public/ is what scripts/web.ts makes of web/: run it after a change", async () => {
  const built = [...(await buildPage())].map(([name, bytes]) => `${name} ${hash(bytes)}`)
  const there = readdirSync(folder).map((name) => `${name} ${hash(readFileSync(join(folder, name)))}`)
  expect(there.sort()).toEqual(built.sort())
})

test("no page of ours names another host, and no name becomes HTML", () => {
  for (const name of readdirSync(join(import.meta.dir, "../../web"))) {
    const text = readFileSync(join(import.meta.dir, "../../web", name), "utf8")
    expect(`${name}: ${text.match(/https?:\/\/[a-z][^\s"'`)]*/g) ?? ""}`).toMatch(
      name === "icon.svg" ? / http:\/\/www\.w3\.org\/2000\/svg$/ : /: $/
    )
    expect(`${name}: ${/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/.test(text)}`).toEndWith(
      "false"
    )
  }
})
