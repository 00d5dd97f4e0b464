/** A program run by a test: bounded in time, read as it speaks, never outliving the test. */

export interface ProgramOptions {
  /** Killed after so many seconds; 20 by default, less than a test may take, so that the failure has its output. */
  readonly seconds?: number | undefined
  readonly directory?: string | undefined
  /** Beside the test's own environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

export interface ExitStatus {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | number | null
}

/** What a program has written to one of its outputs so far. */
export class Output {
  readonly #chunks: Array<Uint8Array> = []
  readonly #listeners = new Set<(bytes: Uint8Array) => void>()
  readonly finished: Promise<void>
  #ended = false

  constructor(stream: ReadableStream<Uint8Array>) {
    this.finished = this.#read(stream)
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stream) {
      this.#chunks.push(bytes)
      for (const listener of this.#listeners) listener(bytes)
    }
    this.#ended = true
    for (const listener of this.#listeners) listener(new Uint8Array(0))
  }

  get ended(): boolean {
    return this.#ended
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }

  text(): string {
    return this.bytes().toString()
  }

  /** Calls the listener with all bytes from the first on, and with none at the end. Returns what removes it. */
  listen(listener: (bytes: Uint8Array) => void): () => void {
    for (const bytes of this.#chunks) listener(bytes)
    if (this.#ended) listener(new Uint8Array(0))
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** The words of a command, none of which has a space in it. */
export const words = (command: string): Array<string> => command.split(" ")

export class Program implements AsyncDisposable {
  readonly command: ReadonlyArray<string>
  readonly out: Output
  readonly err: Output
  readonly pid: number
  readonly exited: Promise<ExitStatus>
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">

  constructor(command: ReadonlyArray<string>, options: ProgramOptions = {}) {
    this.command = command
    this.#process = Bun.spawn([...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
      env: { ...process.env, ...options.env },
      timeout: (options.seconds ?? 20) * 1000,
      killSignal: "SIGKILL"
    })
    this.pid = this.#process.pid
    this.out = new Output(this.#process.stdout)
    this.err = new Output(this.#process.stderr)
    this.exited = this.#exit()
  }

  async #exit(): Promise<ExitStatus> {
    await this.#process.exited
    await Promise.all([this.out.finished, this.err.finished])
    const signal = this.#process.signalCode
    return { code: signal === null ? this.#process.exitCode : null, signal }
  }

  /**
   * Waits, output by output, until `look` finds what it looks for. Fails with all output when the program ends first:
   * by itself, or killed because its time is over.
   */
  until<A>(what: string, look: () => A | undefined): Promise<A> {
    return new Promise((resolve, reject) => {
      const stops: Array<() => void> = []
      let settled = false
      const check = () => {
        if (settled) return
        try {
          const found = look()
          if (found === undefined && !(this.out.ended && this.err.ended)) return
          settled = true
          if (found === undefined) reject(new Error(`ended before ${what}\n${this.describe()}`))
          else resolve(found)
        } catch (error) {
          settled = true
          reject(error)
        }
        for (const stop of stops) stop()
      }
      stops.push(this.out.listen(check), this.err.listen(check))
    })
  }

  /** Waits until the text of either output matches. */
  sees(pattern: RegExp): Promise<RegExpMatchArray> {
    return this.until(
      `it said ${pattern}`,
      () => this.out.text().match(pattern) ?? this.err.text().match(pattern) ?? undefined
    )
  }

  /** Sends the signals, one after the other, and waits for the end. */
  stop(...signals: ReadonlyArray<NodeJS.Signals>): Promise<ExitStatus> {
    for (const signal of signals) this.#process.kill(signal)
    return this.exited
  }

  /** Waits for the end, which must be a success. */
  async succeeded(): Promise<this> {
    const { code, signal } = await this.exited
    if (code !== 0) throw new Error(`ended with ${signal ?? `status ${code}`}\n${this.describe()}`)
    return this
  }

  describe(): string {
    const tail = (output: Output) =>
      output
        .text()
        .replace(/[^\n\x20-\x7e]/g, ".")
        .slice(-4000)
    return `${this.command.join(" ")}\n--- stdout\n${tail(this.out)}\n--- stderr\n${tail(this.err)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.exited
  }
}
