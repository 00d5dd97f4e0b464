/** nginx as a server of files: the segments and playlists that this server, as its origin, writes to disk. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import type { Peer, Place } from "./peer.ts"
import { segmentDirectory, sluice } from "./sluice.ts"

const program = "/usr/sbin/nginx"

/** Debian's settings for speed, without its access log. */
export const configuration = (place: Place): string => `
# The run's folder is nobody else's.
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${join(place.directory, "nginx.pid")};
error_log ${join(place.directory, "error.log")} warn;
events { worker_connections 12000; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 60;
  keepalive_requests 1000000;
  types { application/vnd.apple.mpegurl m3u8; video/MP2T ts; }
  server { listen 127.0.0.1:${place.httpPort}; root ${segmentDirectory(place)}; }
}
`

export const nginxFiles: Peer = {
  title: "nginx, files",
  prepare: () => (existsSync(program) ? undefined : "not installed (Debian: apt install nginx)"),
  protocols: ["hls"],
  origin: (tuning, place) => {
    const directory = join(place.directory, "origin")
    mkdirSync(directory)
    const { args, program } = sluice.command({ ...tuning, hls: "disk" }, { ...place, httpPort: place.spareHttpPort })
    return { program, args, directory }
  },
  command: (_tuning, place) => {
    const file = join(place.directory, "nginx.conf")
    mkdirSync(join(place.directory, "logs"))
    writeFileSync(file, configuration(place))
    return { program, args: ["-p", place.directory, "-c", file], directory: place.directory }
  }
}
