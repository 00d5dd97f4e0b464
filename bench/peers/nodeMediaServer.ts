/** node-media-server, fetched from npm on first use. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { cacheDirectory } from "../load/compile.ts"
import type { Peer, Place } from "./peer.ts"

const version = "4.4.3"

const installed = () => join(cacheDirectory(), `node-media-server-${version}`)
const program = () => join(installed(), "node_modules/node-media-server/bin/app.js")

const install = (): string | undefined => {
  if (existsSync(program())) return undefined
  mkdirSync(installed(), { recursive: true })
  writeFileSync(join(installed(), "package.json"), "{}\n")
  const options = { cwd: installed(), encoding: "utf8", timeout: 120_000 } as const
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", `node-media-server@${version}`], options)
  return status === 0 && existsSync(program()) ? undefined : "npm could not fetch it"
}

export const configuration = ({ directory, httpPort, rtmpPort }: Place): string =>
  JSON.stringify({
    bind: "127.0.0.1",
    store: { path: join(directory, "data") },
    auth: { play: false, publish: false },
    rtmp: { port: rtmpPort },
    http: { port: httpPort },
    webadmin: { enable: false }
  })

export const nodeMediaServer: Peer = {
  title: "node-media-server",
  prepare: install,
  protocols: ["rtmp", "http-flv", "ws-flv"],
  command: (_tuning, place) => {
    const file = join(place.directory, "nms.json")
    writeFileSync(file, configuration(place))
    return { program: "node", args: [program(), "-c", file], directory: place.directory }
  }
}
