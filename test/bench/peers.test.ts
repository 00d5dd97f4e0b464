import { expect, test } from "bun:test"

import { configuration as nginxConfiguration } from "../../bench/peers/nginx.ts"
import { configuration as filesConfiguration } from "../../bench/peers/nginxFiles.ts"
import { configuration as nmsConfiguration } from "../../bench/peers/nodeMediaServer.ts"
import { configuration as sluiceConfiguration } from "../../bench/peers/sluice.ts"

const place = { directory: "/tmp/bench-x", rtmpPort: 19_350, httpPort: 18_080, spareHttpPort: 18_081 }

test("merged writes and low latency differ in the default vhost only", () => {
  const merged = sluiceConfiguration({ minLatency: false, mergedRead: false, tracing: true, hls: "off" }, place).split(
    "\n"
  )
  const low = sluiceConfiguration({ minLatency: true, mergedRead: false, tracing: true, hls: "off" }, place).split("\n")
  expect(low.filter((line) => !merged.includes(line)).map((line) => line.trim())).toEqual([
    "min_latency on;",
    "tcp_nodelay on;",
    "play { gop_cache on; mw_latency 0; }"
  ])
})

test("merged reads are a publisher's", () => {
  expect(sluiceConfiguration({ minLatency: false, mergedRead: true, tracing: true, hls: "off" }, place)).toContain(
    "publish { mr on; mr_latency 350; }"
  )
})

test("every server listens on loopback only", () => {
  const sluice = sluiceConfiguration({ minLatency: false, mergedRead: false, tracing: true, hls: "off" }, place)
  expect(sluice.match(/listen [^;]*/g)).toEqual(["listen 127.0.0.1:19350", "listen 127.0.0.1:18080"])
  expect(nginxConfiguration(place).match(/listen [^;]*/g)).toEqual(["listen 127.0.0.1:19350"])
  expect(filesConfiguration(place).match(/listen [^;]*/g)).toEqual(["listen 127.0.0.1:18080"])
  expect(JSON.parse(nmsConfiguration(place))).toMatchObject({ bind: "127.0.0.1", rtmp: { port: 19_350 } })
})

test("nginx serves the folder that its origin writes segments to", () => {
  const tuning = { minLatency: false, mergedRead: false, tracing: true, hls: "disk" } as const
  const [folder] = sluiceConfiguration(tuning, place).match(/(?<=hls_path )[^;]*/) ?? []
  expect(filesConfiguration(place)).toContain(`root ${folder};`)
})
