/** nginx with its RTMP module, on a free port of the loopback interface: a server and a player's origin written elsewhere. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePorts } from "./ports.ts"
import { Program } from "./program.ts"

export interface NginxOptions {
  /** One to come back to; a free one unless said. */
  readonly port?: number
  /** Where it records each publish as a file of its own. */
  readonly records?: string
}

const config = (port: number, directory: string, records: string | undefined): string => `
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr info;
events { worker_connections 64; }
rtmp {
  server {
    listen 127.0.0.1:${port};
    chunk_size 4096;
    out_queue 16384;
    application live { live on; wait_key off; sync 0; publish_notify on; ${
      records === undefined ? "" : `record all; record_path ${records}; record_unique on;`
    } }
  }
}
`

export class NginxRtmp implements AsyncDisposable {
  readonly program: Program
  readonly port: number
  readonly #directory: string

  private constructor(program: Program, port: number, directory: string) {
    this.program = program
    this.port = port
    this.#directory = directory
  }

  /** Accepts connections when it is returned. Its one application is `live`. */
  static async start(options: NginxOptions = {}): Promise<NginxRtmp> {
    const port = options.port ?? (await freePorts(1))[0]!
    const directory = mkdtempSync(join(tmpdir(), "sluice-nginx-"))
    const path = join(directory, "nginx.conf")
    writeFileSync(path, config(port, directory, options.records))
    const program = new Program(["/usr/sbin/nginx", "-p", directory, "-c", path], { seconds: 60 })
    const nginx = new NginxRtmp(program, port, directory)
    await program.sees(/using the "\w+" event method/)
    return nginx
  }

  url(name: string): string {
    return `rtmp://127.0.0.1:${this.port}/${name}`
  }

  /** Waits until it has been asked to play: FFmpeg's play command is 40 ms under way (Nagle's algorithm). */
  playing(name: string): Promise<unknown> {
    return this.program.sees(new RegExp(`play: name='${name}'`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
