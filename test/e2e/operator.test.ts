/**
 * What an operator of SRS has around it, written from SRS's documentation and run as it is: a callback server, scripts
 * with curl and jq, a monitoring agent in Python, Prometheus with the queries of dashboards.
 */
import { expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { httpsEnvironment, withCertificate } from "../support/certificate.ts"
import { play, publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program, words } from "../support/program.ts"
import { type Server, startServer, withServer } from "../support/server.ts"

const script = (name: string): string => join(import.meta.dir, "operator", name)

const run = async (...command: ReadonlyArray<string>): Promise<string> => {
  await using program = new Program(command)
  await program.succeeded()
  return program.out.text().trim()
}

const api = (server: Server): string => server.api("").replace(/\/$/, "")

const loop = words("-stream_loop -1")

/** The callback server, and the directives that name it. */
const callbackServer = async (...forwards: ReadonlyArray<string>) => {
  const program = new Program(["python3", script("callbacks.py"), ...forwards], { seconds: 60 })
  const [, port] = await program.sees(/port (\d+)\n/)
  const at = (path: string) => `http://127.0.0.1:${port}/api/v1/${path}`
  const hooks = `http_hooks { enabled on;
    on_connect ${at("clients")}; on_close ${at("clients")};
    on_publish ${at("streams")}; on_unpublish ${at("streams")};
    on_play ${at("sessions")}; on_stop ${at("sessions")};
    on_hls ${at("hls")};
  }`
  /** `action stream`, of those events of one client. */
  const heard = (client?: string): ReadonlyArray<string> =>
    [...program.out.text().matchAll(/^(on_\w+) (\S+) (\w+) (\d+)$/gm)]
      .filter(([, , , id]) => client === undefined || id === client)
      .map(([, action, stream, , code]) => `${action} ${stream}${code === "0" ? "" : ` ${code}`}`)
  return { program, hooks, forward: at("forward"), heard, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}

test("a callback server of SRS hears of every client in SRS's order and words, and decides", async () => {
  await using second = await startServer()
  await using callbacks = await callbackServer(second.rtmp("copy/b"))
  const hls = "hls { enabled on; hls_fragment 1; hls_path ./hls; }"
  const vhost = `${callbacks.hooks} ${hls} forward { enabled on; backend ${callbacks.forward}; }`
  await withServer({ vhost }, async (server) => {
    const media = await clip("h264Aac")
    await using copy = play(second.rtmp("copy/b"))
    await second.plays(1)
    await using overHttp = new Program(["curl", "-sN", "-o", "-", server.http()])
    await callbacks.program.sees(/on_play a/)
    await using publisher = publish(media.path, server.rtmp(), { realTime: true })
    await callbacks.program.sees(/on_hls a/)
    await using player = play(server.rtmp())
    await player.receivedCount(10)
    await run("curl", "-sf", server.http("live/a.m3u8"))
    await player.stop("SIGKILL")
    await publisher.succeeded()
    await overHttp.succeeded()
    await copy.receivedEndOf(media.packets)
    await callbacks.program.sees(/(?:on_close - [^]*){2}/)
    await callbacks.program.sees(/(?:on_hls a [^]*){4}/)

    const [, publishing] = callbacks.program.out.text().match(/on_publish a (\w+) 0/)!
    const own = callbacks.heard(publishing)
    expect(own.filter((event) => !event.startsWith("on_hls"))).toEqual([
      "on_connect a",
      "on_publish a",
      "on_forward a",
      "on_unpublish a",
      "on_close -"
    ])
    expect(own.filter((event) => event.startsWith("on_hls")).length).toBe(4)
    const plays = callbacks.heard().filter((event) => event === "on_play a" || event === "on_play a.m3u8")
    expect(plays.toSorted()).toEqual(["on_play a", "on_play a", "on_play a.m3u8"])
    expect(callbacks.heard().filter((event) => event === "on_stop a").length).toBe(2)

    await using refused = publish(media.path, server.rtmp("live/secret"))
    expect((await refused.exited).code).not.toBe(0)
    const status = await run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", server.http("live/hidden.flv"))
    expect(status).toBe("403")
    expect(callbacks.heard().filter((event) => event.endsWith("403"))).toEqual([
      "on_publish secret 403",
      "on_play hidden 403"
    ])
    expect(callbacks.program.out.text()).not.toContain("refused:")
  })()
}, 60_000)

test(
  "scripts list streams, and end a publisher and the players of an address",
  withServer({}, async (server) => {
    const media = await clip("h264Aac")
    await using publisher = publish(media.path, server.rtmp(), { realTime: true, input: loop })
    await using one = play(server.rtmp())
    await using two = new Program(["curl", "-sN", "-o", "-", server.http()])
    await one.receivedCount(50)
    await server.plays(2)
    const line = await run(script("streams.sh"), api(server))
    expect(line.split("\t")).toEqual(["/live/a", "2", "0", "H264 High@1.1 160x120", "AAC LC 44100/2"])
    expect(await run("python3", script("health.py"), api(server))).toBe("healthy: 1 streams, 3 clients")
    expect(await run(script("kick_players.sh"), api(server), "10.9.9.9")).toBe("0")
    expect(await run(script("kick_players.sh"), api(server), "127.0.0.1")).toBe("2")
    await Promise.all([one.exited, two.exited])
    expect(publisher.out.ended).toBe(false)
    expect(await run(script("kick_stream.sh"), api(server), "/live/a")).toBe("true")
    expect((await publisher.exited).code).not.toBe(0)
    await using nobody = new Program([script("streams.sh"), api(server)])
    // jq -e: nothing was printed.
    expect((await nobody.exited).code).toBe(4)
  })
)

test("the API answers over HTTPS, and at the server's own ports where both are to share them", () =>
  withCertificate(async (files) => {
    const [https] = (await freePorts(1)) as [number]
    const tls = `https { enabled on; listen ${https}; key ${files.key}; cert ${files.cert}; }`
    const fetched = (url: string) =>
      run("curl", "-sf", "--cacert", files.cert, "--resolve", `localhost:${https}:127.0.0.1`, url)
    await withServer({ api: tls, ports: [https] }, async (server) => {
      expect(await fetched(`https://localhost:${https}/api/v1/versions`)).toStartWith('{"code":0,')
      expect(await run("curl", "-sf", server.http("api/v1/versions"))).toStartWith('{"code":0,')
    })()
    await withServer({ sharedApi: true, env: httpsEnvironment(https, files), ports: [https] }, async (server) => {
      for (const url of [server.http("api/v1/streams/"), `https://localhost:${https}/api/v1/streams/`]) {
        expect(await fetched(url)).toContain('"streams":[]')
      }
    })()
  }))

/** What dashboards for SRS ask Prometheus. */
const queries: ReadonlyArray<readonly [query: string, value: (value: number) => boolean]> = [
  ["sum(srs_streams)", (value) => value === 1],
  ["sum(srs_clients)", (value) => value === 1],
  ["count(srs_build_info)", (value) => value === 1],
  ['srs_build_info{code="Hang",version=~"7.*"}', (value) => value === 1],
  ["srs_memory * 1024", (value) => value > 10_000_000],
  ["srs_cpu_percent", (value) => value >= 0 && value < 400],
  ["rate(srs_receive_bytes_total[20s]) * 8", (value) => value > 1000],
  ["sum(increase(srs_clients_total[20s])) - sum(increase(srs_clients_errs_total[20s]))", (value) => value >= 0],
  ["srs_node_uname_info * on(instance) group_left(version) srs_build_info", (value) => value === 1],
  ['up{job="srs"}', (value) => value === 1]
]

test("Prometheus scrapes the exporter without a complaint, and answers the queries of dashboards", async () => {
  const [exporter, port] = (await freePorts(2)) as [number, number]
  const directory = mkdtempSync(join(tmpdir(), "sluice-prometheus-"))
  let scrapes = 0
  let wake = (): void => undefined
  // Between the two, to know when Prometheus has something: it asks again when it has stored the answer before.
  const between = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      scrapes++
      wake()
      return fetch(`http://127.0.0.1:${exporter}${new URL(request.url).pathname}`)
    }
  })
  const scraped = (count: number) =>
    new Promise<void>((resolve) => {
      wake = () => void (scrapes >= count && resolve())
      wake()
    })
  try {
    const global = `exporter { enabled on; listen ${exporter}; label here; tag t1; }`
    await withServer({ global, ports: [exporter] }, async (server) => {
      const media = await clip("h264Aac")
      await using publisher = publish(media.path, server.rtmp(), { realTime: true, input: loop })
      await publisher.sees(/frame=[1-9]/)
      const metrics = await run("curl", "-sf", `http://127.0.0.1:${exporter}/metrics`)
      writeFileSync(join(directory, "metrics"), `${metrics}\n`)
      expect(await run("sh", "-c", `promtool check metrics < ${directory}/metrics 2>&1`)).toBe("")
      const target = `{ job_name: srs, static_configs: [{ targets: ['127.0.0.1:${between.port}'] }] }`
      writeFileSync(join(directory, "prometheus.yml"), `global: { scrape_interval: 1s }\nscrape_configs: [${target}]\n`)
      const listen = `--web.listen-address=127.0.0.1:${port}`
      const files = words(`--config.file=${directory}/prometheus.yml --storage.tsdb.path=${directory}/data`)
      await using prometheus = new Program(["prometheus", ...files, listen], { seconds: 40 })
      await prometheus.sees(/Server is ready to receive web requests/)
      await scraped(5)
      for (const [query, isRight] of queries) {
        const answer = await run("promtool", "query", "instant", `http://127.0.0.1:${port}`, query)
        const values = answer.split("\n").map((line) => Number(line.match(/=> (\S+) @/)?.[1]))
        expect([query, answer, values.length, values.every(isRight)]).toEqual([query, answer, 1, true])
      }
      await prometheus.stop("SIGTERM")
      expect(prometheus.err.text()).not.toMatch(/level=(?:warn|error).*scrape/i)
    })()
  } finally {
    await between.stop(true)
    rmSync(directory, { recursive: true, force: true })
  }
}, 60_000)
