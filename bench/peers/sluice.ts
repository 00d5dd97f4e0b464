/** This server. */
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

import type { Peer, Place, Tuning } from "./peer.ts"

const main = resolve(import.meta.dirname, "../../src/main.ts")

/** The file into which the server, as it ends, writes `{"p99":…}`: the delay of its event loop in milliseconds. */
export const loopDelayFile = (place: Place): string => join(place.directory, "loop-delay.json")

/** Where segments go that are kept on disk. */
export const segmentDirectory = ({ directory }: Place): string => join(directory, "hls")

const hlsSection = (storage: Tuning["hls"], place: Place): string =>
  storage === "off"
    ? ""
    : `hls { enabled on; hls_fragment 2; hls_window 10; hls_storage ${storage}; hls_path ${segmentDirectory(place)}; }`

export const configuration = (tuning: Tuning, place: Place): string => {
  const { mergedRead, minLatency } = tuning
  const { directory, httpPort, rtmpPort } = place
  return `
listen 127.0.0.1:${rtmpPort};
max_connections 10000;
daemon off;
srs_log_tank console;
srs_log_level warn;
pid ${join(directory, "sluice.pid")};
http_server { enabled on; listen 127.0.0.1:${httpPort}; dir ${directory}; }
vhost __defaultVhost__ {
  min_latency ${minLatency ? "on" : "off"};
  tcp_nodelay ${minLatency ? "on" : "off"};
  play { gop_cache on; mw_latency ${minLatency ? 0 : 350}; }
  publish { mr ${mergedRead ? "on" : "off"}; mr_latency 350; }
  http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
  ${hlsSection(tuning.hls, place)}
}
`
}

export const sluice: Peer = {
  title: "sluice",
  prepare: () => undefined,
  protocols: ["rtmp", "http-flv", "ws-flv", "hls"],
  command: (tuning, place) => {
    const file = join(place.directory, "sluice.conf")
    writeFileSync(file, configuration(tuning, place))
    return {
      program: process.execPath,
      args: ["run", main, "-c", file],
      directory: place.directory,
      env: { SLUICE_LOOP_DELAY: loopDelayFile(place), ...(tuning.tracing ? {} : { SLUICE_TRACING: "off" }) }
    }
  }
}
