/** Compiles the load generator with the system's C compiler, once for each state of its sources. */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const sourceDirectory = import.meta.dirname
const flags = ["-std=gnu17", "-O2", "-Wall", "-Wextra"]

/** What is kept between runs: programs, clips, peers. A directory of this run's own where the tree is read-only. */
export const cacheDirectory = (): string => {
  const directory = resolve(import.meta.dirname, "../../objs/bench")
  try {
    mkdirSync(directory, { recursive: true })
    accessSync(directory, constants.W_OK)
    return directory
  } catch {
    return mkdtempSync(join(tmpdir(), "sluice-load-"))
  }
}

/** The path of the program; throws with the compiler's words when it does not compile. */
export const compile = (): string => {
  const files = readdirSync(sourceDirectory).filter((name) => /\.[ch]$/.test(name))
  const hash = createHash("sha256").update(flags.join(" "))
  for (const name of files.toSorted()) hash.update(`\0${name}\0`).update(readFileSync(join(sourceDirectory, name)))
  const program = join(cacheDirectory(), `load-${hash.digest("hex").slice(0, 16)}`)
  if (existsSync(program)) return program
  const sources = files.filter((name) => name.endsWith(".c")).map((name) => join(sourceDirectory, name))
  const unfinished = `${program}.${process.pid}`
  const compiler = process.env["CC"] ?? "cc"
  const { error, status, stderr } = spawnSync(compiler, [...flags, "-o", unfinished, ...sources], { encoding: "utf8" })
  if (error !== undefined)
    throw new Error(`${compiler}: ${error.message}; a C compiler is needed (Debian: apt install gcc libc6-dev)`)
  if (status !== 0) throw new Error(`${compiler} failed:\n${stderr}`)
  renameSync(unfinished, program)
  return program
}
