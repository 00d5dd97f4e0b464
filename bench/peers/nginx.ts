/** nginx with the RTMP module of Debian's libnginx-mod-rtmp: it has neither a GOP cache nor merged writes nor HTTP-FLV. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import type { Peer, Place } from "./peer.ts"

const program = "/usr/sbin/nginx"
const module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"

export const configuration = ({ directory, rtmpPort }: Place): string => `
load_module ${module};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${join(directory, "nginx.pid")};
error_log ${join(directory, "error.log")} warn;
events { worker_connections 12000; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${rtmpPort};
    chunk_size 4096;
    # The viewers that are only counted answer no pings.
    ping 60m;
    application live { live on; }
  }
}
`

export const nginx: Peer = {
  title: "nginx-rtmp",
  prepare: () =>
    existsSync(program) && existsSync(module)
      ? undefined
      : "not installed (Debian: apt install nginx libnginx-mod-rtmp)",
  protocols: ["rtmp"],
  command: (_tuning, place) => {
    const file = join(place.directory, "nginx.conf")
    mkdirSync(join(place.directory, "logs"))
    writeFileSync(file, configuration(place))
    return { program, args: ["-p", place.directory, "-c", file], directory: place.directory }
  }
}
