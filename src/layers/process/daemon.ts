/**
 * `daemon on`: the process starts itself again in a session of its own, and returns when that one listens. A runtime
 * cannot fork, so the child is told by an environment variable where to report.
 */
import * as child from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

/** Names the file in which a daemon reports to its parent. */
export const reportVariable = "SLUICE_DAEMON_REPORT"
/** A daemon that has not reported by then has failed. */
export const maxStartMillis = 60_000
const pollMillis = 20

/** The daemon ended, or reported an error, before it listened. */
export class DaemonFailed extends Data.TaggedError("DaemonFailed")<{
  /** Of SRS's numbers, or the child's exit status. */
  readonly code: number
  readonly reason: string
}> {
  override get message() {
    return this.reason
  }
}

export interface DaemonOptions {
  /** The directory that the command line's relative paths are relative to. */
  readonly cwd: string
  /** Lets the daemon write to this process's standard output and error, as a log on the console needs. */
  readonly keepOutput: boolean
}

/** Whether this process is the daemon that another one has started. */
export const isDaemon = (): boolean => reportPath !== undefined

/** Starts this program once more, in the background; returns its pid once it listens. */
export const startDaemon = Effect.fnUntraced(function* (
  options: DaemonOptions
): Effect.fn.Return<number, DaemonFailed, Scope.Scope> {
  const report = path.join(yield* temporaryDirectory, "report")
  const daemon = yield* spawnSelf(options, report)
  const reported = yield* Effect.raceFirst(awaitReport(report, daemon), Effect.sleep(maxStartMillis))
  if (reported === undefined) {
    return yield* new DaemonFailed({ code: 1, reason: `the daemon does not listen after ${maxStartMillis} ms` })
  }
  if (reported.failure !== undefined) return yield* new DaemonFailed(reported.failure)
  return daemon.pid ?? 0
}, Effect.scoped)

interface Report {
  readonly failure?: { readonly code: number; readonly reason: string }
}

const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "sluice-"))),
  (name) => Effect.sync(() => fs.rmSync(name, { recursive: true, force: true }))
)

const spawnSelf = (options: DaemonOptions, report: string): Effect.Effect<child.ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [script = "", ...rest] = process.argv.slice(1)
      const output = options.keepOutput ? "inherit" : "ignore"
      const daemon = child.spawn(process.execPath, [...runtimeArguments(), script, ...rest], {
        cwd: options.cwd,
        env: { ...process.env, [reportVariable]: report },
        detached: true,
        stdio: ["ignore", output, output]
      })
      daemon.unref()
      return daemon
    }),
    // One that listens goes on alone; one that does not is not left behind.
    (daemon, exit) => Effect.sync(() => void (Exit.isFailure(exit) && daemon.kill("SIGKILL")))
  )

/** Deno does not count its `run` and permissions among `execArgv`. */
const runtimeArguments = (): ReadonlyArray<string> => ("Deno" in globalThis ? ["run", "-A"] : process.execArgv)

const awaitReport = Effect.fnUntraced(function* (file: string, daemon: child.ChildProcess): Effect.fn.Return<Report> {
  let error: Error | undefined
  daemon.on("error", (cause) => (error = cause))
  while (true) {
    const ended = error !== undefined || daemon.exitCode !== null || daemon.signalCode !== null
    // Read after the look at the process: what it reported last is there by then.
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, "utf8")) as Report
    if (ended) {
      const reason = error?.message ?? `the daemon ended before it listened (${daemon.signalCode ?? daemon.exitCode})`
      return { failure: { code: daemon.exitCode ?? 1, reason } }
    }
    yield* Effect.sleep(pollMillis)
  }
})

const reportPath = process.env[reportVariable]
// What the daemon starts is no daemon.
delete process.env[reportVariable]

/** The daemon's side: tells the parent once, if there is one that waits. */
export const daemonReport = () => {
  let pending = reportPath
  const tell = (report: Report) =>
    Effect.try(() => {
      const file = pending
      pending = undefined
      if (file === undefined) return
      fs.writeFileSync(`${file}.new`, JSON.stringify(report))
      fs.renameSync(`${file}.new`, file)
    }).pipe(Effect.ignore) // The parent is gone, and its directory with it.
  return {
    listening: tell({}),
    failed: (code: number, reason: string) => tell({ failure: { code, reason } })
  }
}
