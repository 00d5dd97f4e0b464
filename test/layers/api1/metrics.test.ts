import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import { defaultVhost } from "../../../src/domain/media/StreamName.ts"
import { effect } from "../../support/effect.ts"
import { harness } from "./harness.ts"

const settings = 'exporter { enabled on; listen 9972; label cn; tag "a\\b"; } vhost __defaultVhost__ {}'

/** Names and types of http-api.md §10, by hand. */
const types = [
  ["srs_node_uname_info", "gauge"],
  ["srs_build_info", "gauge"],
  ["srs_cpu_percent", "gauge"],
  ["srs_memory", "gauge"],
  ["srs_send_bytes_total", "counter"],
  ["srs_receive_bytes_total", "counter"],
  ["srs_streams", "gauge"],
  ["srs_clients", "gauge"],
  ["srs_clients_total", "counter"],
  ["srs_clients_errs_total", "counter"]
]

/** Beyond SRS, behind all of SRS's. */
const own = [
  "srs_receive_bytes_per_second{window} gauge 3",
  "srs_send_bytes_per_second{window} gauge 3",
  "srs_dropped_frames_total counter 1",
  "srs_forwards{state} gauge 5"
]

effect("the exporter's listener has the metrics, with SRS's names, and the API", () =>
  Effect.gen(function* () {
    const { ask, client } = yield* harness({ settings })
    const stream = { vhost: defaultVhost, app: "live", stream: "a" }
    const { bytes } = yield* client("fmle-publish", stream)
    bytes.in = 1_000_000_000_000
    yield* Effect.scoped(client("rtmp-play", stream))
    const { body, head } = yield* ask("/metrics", 9972)
    expect(head).toContain("Content-Type: text/plain; charset=utf-8")
    const lines = body.trimEnd().split("\n")
    const shape = lines
      .slice(3 * types.length)
      .join("\n")
      .split("# HELP ")
      .slice(1)
    expect(
      shape.map((text) => {
        const [, type = "", ...samples] = text.trim().split("\n")
        return `${samples[0]!.replace(/="[^"]*"| .*/g, "")} ${type.split(" ").at(-1)} ${samples.length}`
      })
    ).toEqual(own)
    const values = new Map<string, string>()
    for (const [index, [name, type]] of types.entries()) {
      const [help, kind, sample = ""] = lines.slice(3 * index)
      expect(help).toStartWith(`# HELP ${name} `)
      expect(kind).toBe(`# TYPE ${name} ${type}`)
      expect(sample).toMatch(/^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? \d+(\.\d+)?$/)
      values.set(name!, sample.split(" ").at(-1)!)
    }
    expect(lines[5]).toMatch(
      /^srs_build_info\{server="vid-1234567",service="abcdefgh",pid="42",build_date="",major="7",version="7.0.18",code="Hang",label="cn",tag="a\\\\b"\} 1$/
    )
    // The connection that asks has bytes too.
    expect(Number(values.get("srs_receive_bytes_total"))).toBeGreaterThanOrEqual(1_000_000_000_000)
    expect(
      ["srs_streams", "srs_clients", "srs_clients_total", "srs_clients_errs_total"].map((k) => values.get(k))
    ).toEqual(["1", "1", "2", "1"])
    expect((yield* ask("/api/v1/versions", 9972)).body).toContain('"version":"7.0.18"')
  })
)
