/** HAProxy and nginx in front of a server: proxies that nobody here wrote, on free ports of the loopback interface. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Program } from "./program.ts"

/** Where they connect from; their clients come from 127.0.0.1 and ::1. */
export const proxyAddress = "127.0.0.9"

export class Proxy implements AsyncDisposable {
  readonly program: Program
  readonly #directory: string

  constructor(
    config: (directory: string) => string,
    command: (file: string, directory: string) => ReadonlyArray<string>
  ) {
    this.#directory = mkdtempSync(join(tmpdir(), "sluice-proxy-"))
    const file = join(this.#directory, "proxy.conf")
    writeFileSync(file, config(this.#directory))
    this.program = new Program(command(file, this.#directory), { seconds: 60 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // HAProxy's master ends its worker, a killed one would not.
    await this.program.stop("SIGTERM")
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

export interface Route {
  /** Address and port, such as `[::1]:8000`. */
  readonly bind: string
  readonly to: number
  /** Words of HAProxy's `server` line. */
  readonly options: string
  readonly mode?: "tcp" | "http"
}

const haproxySection = ({ bind, mode = "tcp", options, to }: Route, index: number): string => `
frontend f${index}
  mode ${mode}
  ${mode === "http" ? "option forwardfor" : ""}
  bind ${bind}
  default_backend b${index}
backend b${index}
  mode ${mode}
  server s 127.0.0.1:${to} source ${proxyAddress} ${options}
`

/** Accepts connections when it is returned. */
export const haproxy = async (routes: ReadonlyArray<Route>): Promise<Proxy> => {
  const config = () => `
global
  maxconn 100
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${routes.map(haproxySection).join("")}`
  const proxy = new Proxy(config, (file) => ["/usr/sbin/haproxy", "-W", "-db", "-f", file])
  await proxy.program.sees(/Loading success/)
  return proxy
}

export interface NginxPorts {
  /** A stream that names its client by the PROXY protocol. */
  readonly stream: { readonly listen: number; readonly to: number }
  /** Requests that name their client in `X-Forwarded-For` and `X-Real-IP`. */
  readonly http: { readonly listen: number; readonly to: number }
}

/** The same. */
export const nginx = async ({ http, stream }: NginxPorts): Promise<Proxy> => {
  const config = (directory: string) => `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr info;
events { worker_connections 64; }
stream {
  server {
    listen 127.0.0.1:${stream.listen};
    proxy_pass 127.0.0.1:${stream.to};
    proxy_bind ${proxyAddress};
    proxy_protocol on;
  }
}
http {
  access_log off;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server {
    listen 127.0.0.1:${http.listen};
    location / {
      proxy_pass http://127.0.0.1:${http.to};
      proxy_bind ${proxyAddress};
      proxy_buffering off;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Real-IP $remote_addr;
    }
  }
}
`
  const proxy = new Proxy(config, (file, directory) => ["/usr/sbin/nginx", "-p", directory, "-c", file])
  await proxy.program.sees(/using the "\w+" event method/)
  return proxy
}
