/**
 * `bun run test`: installs what the checks need, runs all of them, and prints `N passed, N failed` as its last line.
 * Format, lint and types run beside the unit tests; the end-to-end tests, which mostly wait for media, two files at a
 * time after them.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { installPrograms } from "./debianPackages.ts"

interface Tally {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly seconds: number
}

const root = join(import.meta.dir, "..")
const temporary = mkdtempSync(join(tmpdir(), "sluice-check-"))
const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`, NO_COLOR: "1" }
/** A check that takes longer is ended and counts as failed. */
const limitSeconds = 540

const seconds = (since: number) => (performance.now() - since) / 1000

const finished = (child: ChildProcess) =>
  new Promise<number>((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), limitSeconds * 1000)
    const settle = (code: number | null) => {
      clearTimeout(timer)
      resolve(code ?? 1)
    }
    child.on("error", () => settle(1))
    child.on("close", settle)
  })

/** A tool that has one verdict; its output is shown if it fails. */
const tool = async (name: string, command: string, args: ReadonlyArray<string>): Promise<Tally> => {
  const started = performance.now()
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] })
  const output: Array<Buffer> = []
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes))
  child.stderr.on("data", (bytes: Buffer) => output.push(bytes))
  const failed = (await finished(child)) !== 0
  if (failed) process.stdout.write(`\n${name} failed:\n${Buffer.concat(output).toString()}\n`)
  return { name, passed: failed ? 0 : 1, failed: failed ? 1 : 0, seconds: seconds(started) }
}

/** `bun test`, whose own count is read from its JUnit report. */
const tests = async (name: string, args: ReadonlyArray<string>): Promise<Tally> => {
  const started = performance.now()
  const report = join(temporary, `${name}.xml`)
  const child = spawn(
    process.execPath,
    ["test", "--no-orphans", "--only-failures", "--reporter=junit", `--reporter-outfile=${report}`, ...args],
    { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] }
  )
  const status = await finished(child)
  const counted = countReport(report)
  // A file that does not load, or an error outside of any test, is in the exit code alone.
  const failed = status !== 0 && counted.failed === 0 ? 1 : counted.failed
  return { name, passed: counted.passed, failed, seconds: seconds(started) }
}

/** Skipped tests count as failed: there are none here. */
const countReport = (path: string): { readonly passed: number; readonly failed: number } => {
  try {
    const head = readFileSync(path, "utf8").match(/<testsuites [^>]*>/)?.[0] ?? ""
    const count = (key: string) => Number(head.match(new RegExp(` ${key}="(\\d+)"`))?.[1] ?? 0)
    const failed = count("failures") + count("errors") + count("skipped")
    return { passed: count("tests") - failed, failed }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

const finish = (tallies: ReadonlyArray<Tally>): never => {
  rmSync(temporary, { recursive: true, force: true })
  const sum = (key: "passed" | "failed") => tallies.reduce((total, tally) => total + tally[key], 0)
  console.log("")
  for (const { name, passed, failed, seconds } of tallies) {
    console.log(`${name.padEnd(8)} ${passed} passed, ${failed} failed, ${seconds.toFixed(1)} s`)
  }
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`)
  process.exit(sum("failed") === 0 ? 0 : 1)
}

const install = (): Tally => {
  const started = performance.now()
  const npm = spawnSync(process.execPath, ["install", "--frozen-lockfile"], { cwd: root, env, encoding: "utf8" })
  const problem = npm.status === 0 ? installPrograms() : `bun install failed:\n${npm.stdout}${npm.stderr}`
  if (problem !== undefined) console.log(problem)
  return { name: "install", passed: 0, failed: problem === undefined ? 0 : 1, seconds: seconds(started) }
}

const installed = install()
if (installed.failed > 0) finish([installed])
const quick = await Promise.all([
  tool("format", "oxfmt", ["--check", "."]),
  tool("lint", "oxlint", ["--deny-warnings", "."]),
  tool("types", "tsc", ["-p", "."]),
  tool("page", "tsc", ["-p", "web"]),
  tests("unit", ["--timeout=30000", "--path-ignore-patterns=test/e2e/**"])
])
const endToEnd = await tests("e2e", ["--parallel=2", "--timeout=60000", "test/e2e/"])
finish([installed, ...quick, endToEnd])
