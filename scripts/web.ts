/**
 * Builds the page: the sources in `web/` and the packages they use become the files in `public/`, which are committed.
 * Run it after either has changed; a test fails as long as the files are not what it would write.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dir, "..")

/** Whose code is in the files. */
const packages = ["dashjs", "hls.js", "mpegts.js", "preact", "uplot"]

/** Everything in `public/`, by name. The same inputs give the same bytes. */
export const buildPage = async (): Promise<ReadonlyMap<string, Uint8Array>> => {
  const { outputs } = await Bun.build({
    entrypoints: [join(root, "web/main.tsx"), join(root, "web/style.css")],
    root: join(root, "web"),
    target: "browser",
    splitting: true,
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: "[name]-[hash].[ext]", chunk: "[name]-[hash].[ext]" }
  })
  const files: Map<string, Uint8Array> = new Map()
  for (const output of outputs) files.set(output.path.replace(/^\.\//, ""), new Uint8Array(await output.arrayBuffer()))
  const named = (pattern: RegExp) => [...files.keys()].find((name) => pattern.test(name)) ?? ""
  const text = (path: string) => readFileSync(join(root, path), "utf8")
  const utf8 = new TextEncoder()
  files.set("icon.svg", utf8.encode(text("web/icon.svg")))
  const page = text("web/index.html")
    .replace("ICON", "icon.svg")
    .replace("STYLE", named(/^style-.*\.css$/))
    .replace("SCRIPT", named(/^main-.*\.js$/))
  files.set("index.html", utf8.encode(page))
  const licenses = packages.map((name) => {
    const { license, version } = JSON.parse(text(`node_modules/${name}/package.json`))
    const terms = ["LICENSE", "LICENSE.md"].find((file) => existsSync(join(root, "node_modules", name, file))) ?? ""
    return `${name} ${version}, ${license}\n\n${text(`node_modules/${name}/${terms}`).trim()}\n`
  })
  return files.set("licenses.txt", utf8.encode(licenses.join(`\n${"-".repeat(80)}\n\n`)))
}

if (import.meta.main) {
  rmSync(join(root, "public"), { recursive: true, force: true })
  mkdirSync(join(root, "public"))
  for (const [name, bytes] of await buildPage()) {
    writeFileSync(join(root, "public", name), bytes)
    console.log(`${String(bytes.length).padStart(8)} ${name}`)
  }
}
