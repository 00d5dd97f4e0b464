/** Child processes of the bench: none outlives it, whichever way it ends. */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"

const children = new Set<ChildProcess>()

// SIGTERM and not SIGKILL: it lets a parent end its own children.
process.on("exit", () => {
  for (const child of children) child.kill("SIGTERM")
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1))

const killAfterMillis = 5000

export interface Command {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly directory?: string
}

/** A server under test, with its output in a file. */
export class ServerProcess implements AsyncDisposable {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #logFile: string
  readonly #ended: Promise<void>
  #failure: string | undefined

  constructor(command: Command, logFile: string) {
    const log = openSync(logFile, "w")
    this.#logFile = logFile
    this.#child = spawn(command.program, command.args, {
      stdio: ["ignore", log, log],
      env: { ...process.env, ...command.env },
      ...(command.directory === undefined ? {} : { cwd: command.directory })
    })
    closeSync(log)
    children.add(this.#child)
    this.pid = this.#child.pid ?? 0
    this.#ended = new Promise((resolve) => {
      const end = (what: string) => {
        this.#failure ??= what
        children.delete(this.#child)
        resolve()
      }
      this.#child.once("error", (error) => end(error.message))
      this.#child.once("exit", (code, signal) => end(`ended with ${signal ?? `status ${code}`}`))
    })
  }

  get running(): boolean {
    return this.#failure === undefined
  }

  /** Why it is gone, with the end of its log. */
  get failure(): string {
    return `${this.#failure ?? "still running"}\n${readFileSync(this.#logFile, "utf8").slice(-2000)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM")
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), killAfterMillis)
    await this.#ended
    clearTimeout(kill)
  }
}

/** The load generator: announces its phases, and prints a report at its end. */
export class Generator<Report> implements AsyncDisposable {
  readonly report: Promise<Report>
  readonly #child: ChildProcess
  readonly #phases = new Map<string, PromiseWithResolvers<void>>()

  constructor(program: string, args: ReadonlyArray<string>) {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] })
    this.#child = child
    children.add(child)
    let output = ""
    let errors = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text
      for (const [, phase] of errors.matchAll(/^load: (open|window|done)$/gm)) this.#phase(phase!).resolve()
    })
    this.report = new Promise((resolve, reject) => {
      child.once("error", reject)
      child.once("close", () => {
        children.delete(child)
        if (output.startsWith("{")) resolve(JSON.parse(output) as Report)
        else reject(new Error(`the load generator gave no report\n${errors}`))
      })
    })
    // Whoever waits for a phase or the report learns of it; nobody has to wait.
    this.report.catch(() => undefined)
  }

  #phase(name: string): PromiseWithResolvers<void> {
    const known = this.#phases.get(name) ?? Promise.withResolvers<void>()
    this.#phases.set(name, known)
    return known
  }

  /** All connections are open; the measured window has opened; it has closed. Also returns at the report. */
  reached(phase: "open" | "window" | "done"): Promise<unknown> {
    return Promise.race([this.#phase(phase).promise, this.report])
  }

  /** Begins the measured window anew. */
  restartWindow(): void {
    this.#child.kill("SIGUSR1")
  }

  stop(): Promise<Report> {
    this.#child.kill("SIGTERM")
    return this.report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM")
    await this.report.catch(() => undefined)
  }
}

const listen = (): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => resolve(server))
  })

const close = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    const address = server.address()
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
  })

/** Ports that were free a moment ago, all different. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> =>
  Promise.all((await Promise.all(Array.from({ length: count }, listen))).map(close))

const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    const end = (connected: boolean) => {
      socket.destroy()
      resolve(connected)
    }
    socket.once("connect", () => end(true)).once("error", () => end(false))
  })

export const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

const listenTimeoutMillis = 20_000

/** Milliseconds from `since` (`performance.now()`) until the server accepts connections. */
export const listening = async (server: ServerProcess, port: number, since: number): Promise<number> => {
  while (!(await canConnect(port))) {
    if (!server.running) throw new Error(`the server ${server.failure}`)
    if (performance.now() - since > listenTimeoutMillis)
      throw new Error(`the server does not listen; ${server.failure}`)
    await pause(2)
  }
  return performance.now() - since
}
