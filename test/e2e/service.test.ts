/** Running as a service: the init script, logrotate and systemd's unit as an operator uses them, and the signals. */
import { describe, expect, test } from "bun:test"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { play, publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { Program } from "../support/program.ts"
import { type Server, startServer } from "../support/server.ts"

const checkout = join(import.meta.dir, "../..")
const installed = "/usr/local/sluice"
const loop = { realTime: true, input: ["-stream_loop", "-1"] }

interface Told {
  readonly code: number | null
  readonly text: string
}

/** An installation in a directory of its own, whose log is read as it grows. */
class Installation implements AsyncDisposable {
  readonly root: string
  readonly port: number
  #tail: Program | undefined

  constructor(port: number) {
    this.root = fs.mkdtempSync(join(tmpdir(), "sluice-service-"))
    this.port = port
    for (const name of ["bin", "src", "node_modules", "public"]) fs.symlinkSync(join(checkout, name), this.path(name))
    fs.mkdirSync(this.path("etc/init.d"), { recursive: true })
    fs.mkdirSync(this.path("conf"))
    fs.copyFileSync(join(checkout, "etc/init.d/sluice"), this.path("etc/init.d/sluice"))
    this.configure("max_connections 500;")
  }

  path(name: string): string {
    return join(this.root, name)
  }

  configure(directives: string): void {
    const text = `
listen ${this.port};
pid ./objs/srs.pid;
srs_log_file ./objs/srs.log;
grace_start_wait 100;
grace_final_wait 100;
${directives}
vhost __defaultVhost__ {}
`
    fs.writeFileSync(this.path("conf/default.conf"), text)
  }

  get pid(): number {
    return Number(fs.readFileSync(this.path("objs/srs.pid"), "utf8"))
  }

  url(stream: string): string {
    return `rtmp://127.0.0.1:${this.port}/${stream}`
  }

  /** The script's word and status. */
  async tell(command: string): Promise<Told> {
    // With `--no-orphans` this runtime tells its children to end with their parent: no daemon could stay.
    const alone = ["env", "-u", "BUN_FEATURE_FLAG_NO_ORPHANS"]
    await using script = new Program([...alone, this.path("etc/init.d/sluice"), command], { directory: "/" })
    const { code } = await script.exited
    return { code, text: script.out.text() + script.err.text() }
  }

  /** Follows the log over rotations. */
  async logs(pattern: RegExp): Promise<void> {
    this.#tail ??= new Program(["tail", "-n", "+1", "-F", this.path("objs/srs.log")], { seconds: 120 })
    await this.#tail.sees(pattern)
  }

  /** Waits until the process of that pid is gone. */
  async ended(pid: number): Promise<void> {
    await using waiting = new Program(["tail", `--pid=${pid}`, "-f", "/dev/null"])
    await waiting.succeeded()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tell("stop")
    await this.#tail?.[Symbol.asyncDispose]()
    fs.rmSync(this.root, { recursive: true, force: true })
  }
}

const install = async (): Promise<Installation> => {
  const [port] = (await freePorts(1)) as [number]
  return new Installation(port)
}

describe("etc/init.d/sluice", () => {
  test("starts, tells, stops and restarts", async () => {
    await using service = await install()
    expect(await service.tell("status")).toEqual({ code: 3, text: "sluice: is not running\n" })
    expect(await service.tell("stop")).toEqual({ code: 0, text: "sluice: is not running\n" })
    expect(await service.tell("reload")).toEqual({ code: 7, text: "sluice: is not running\n" })
    const started = await service.tell("start")
    const { pid } = service
    expect(started).toEqual({ code: 0, text: `sluice: started, process ${pid}\n` })
    expect(await service.tell("status")).toEqual({ code: 0, text: `sluice: is running, process ${pid}\n` })
    expect(await service.tell("start")).toEqual({ code: 0, text: `sluice: is running, process ${pid}\n` })
    expect((await service.tell("restart")).text).toBe(`sluice: stopped\nsluice: started, process ${service.pid}\n`)
    expect(service.pid).not.toBe(pid)
    expect((await service.tell("stop")).text).toBe("sluice: stopped\n")
    expect((await service.tell("status")).code).toBe(1)
    // A number in the file that another program has by now.
    fs.writeFileSync(service.path("objs/srs.pid"), String(process.pid))
    expect((await service.tell("status")).code).toBe(1)
    expect((await service.tell("nonsense")).code).toBe(2)
  }, 60_000)

  test("says why a server has not started", async () => {
    await using service = await install()
    service.configure("max_connectoins 500;")
    const refused = await service.tell("start")
    expect(refused.code).toBe(6)
    expect(refused.text).toContain("default.conf:7:1: illegal directive max_connectoins")
    const holder = Bun.listen({ hostname: "0.0.0.0", port: service.port, socket: { data: () => undefined } })
    service.configure("max_connections 500;")
    const taken = await service.tell("start")
    expect(taken.code).toBe(1)
    expect(taken.text).toMatch(new RegExp(`cannot listen 0\\.0\\.0\\.0:${service.port}: .*address already in use`))
    holder.stop(true)
  }, 60_000)

  test("reloads, rotates with logrotate, and ends gracefully, while media flows", async () => {
    const media = await clip("h264Aac")
    await using service = await install()
    await service.tell("start")
    const { pid } = service
    await using publisher = publish(media.path, service.url("live/a"), { ...loop, seconds: 60 })
    await using player = play(service.url("live/a"))
    await player.receivedCount(20)

    service.configure("max_connectoins 600;")
    const bad = await service.tell("reload")
    expect([bad.code, bad.text]).toEqual([1, expect.stringContaining("illegal directive max_connectoins")])
    service.configure("max_connections 600;")
    expect((await service.tell("reload")).text).toContain("reloads")
    await service.logs(/configuration changed, .*max_connections/)

    const rotate = service.path("logrotate.conf")
    const shipped = fs.readFileSync(join(checkout, "etc/logrotate.d/sluice"), "utf8")
    fs.writeFileSync(rotate, shipped.replaceAll(installed, service.root), { mode: 0o644 })
    await using logrotate = new Program(["logrotate", "-f", "-s", service.path("state"), rotate])
    await logrotate.succeeded()
    service.configure("max_connections 700;")
    await service.tell("reload")
    await service.logs(/max_connections[^]*max_connections/)
    const [now, before] = ["objs/srs.log", "objs/srs.log.1"].map((name) => fs.readFileSync(service.path(name), "utf8"))
    expect(before).toContain("client identified")
    expect(now).not.toContain("client identified")
    expect((await service.tell("rotate")).code).toBe(0)

    expect((await service.tell("grace")).text).toContain(`ends when its clients have gone, process ${pid}`)
    await service.logs(/wait for 2 conns to quit/)
    await using late = play(service.url("live/a"), { seconds: 10 })
    expect((await late.exited).code).not.toBe(0)
    const seen = player.packets.length
    await player.receivedCount(seen + 20)
    await publisher.stop("SIGINT")
    await player.stop("SIGINT")
    await service.ended(pid)
    expect((await service.tell("status")).code).toBe(1)
  }, 120_000)
})

test("systemd accepts the unit", async () => {
  const directory = fs.mkdtempSync(join(tmpdir(), "sluice-unit-"))
  const file = join(directory, "sluice.service")
  const shipped = fs.readFileSync(join(checkout, "etc/systemd/sluice.service"), "utf8")
  fs.writeFileSync(file, shipped.replaceAll(installed, checkout).replace(/^(?:User|Group)=.*$/gm, ""))
  await using verify = new Program(["systemd-analyze", "verify", file])
  await verify.exited
  fs.rmSync(directory, { recursive: true })
  expect([verify.out.text(), verify.err.text()]).toEqual(["", ""])
})

test("heartbeat reports to a manager, which answers what it likes", async () => {
  const reports: Array<{ readonly head: string; readonly body: Record<string, unknown> }> = []
  const heard = Promise.withResolvers<void>()
  const manager = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url)
      const head = `${request.method} ${pathname}${search} ${request.headers.get("user-agent")}`
      reports.push({ head, body: (await request.json()) as Record<string, unknown> })
      if (reports.length === 2) heard.resolve()
      return new Response("no", { status: 500 })
    }
  })
  const url = `${manager.url.href}api/v1/servers?token=x`
  const global = `heartbeat { enabled on; interval 1; url ${url}; device_id edge-1; ports on; summaries on; }`
  await using server = await startServer({ global, env: { SRS_DEVICE_IP: "192.0.2.1" } })
  await heard.promise
  await manager.stop(true)
  await server.program.sees(/heartbeat is not heard/)
  const [{ body, head } = { body: {}, head: "" }] = reports
  expect(head).toBe("POST /api/v1/servers SRS/7.0.18(Hang)")
  expect(body).toMatchObject({ device_id: "edge-1", ip: "192.0.2.1", pid: String(server.program.pid) })
  expect(body).toMatchObject({ rtmp: [String(server.rtmpPort)], http: [String(server.httpPort)] })
}, 60_000)

const graces = "grace_start_wait 100; grace_final_wait 100;"

/** Ends when the publisher leaves, and not before. */
const endsGracefully = async (server: Server, signal: NodeJS.Signals): Promise<void> => {
  const media = await clip("h264Aac")
  await using publisher = publish(media.path, server.rtmp(), loop)
  await using player = play(server.rtmp())
  await player.receivedCount(20)
  process.kill(server.program.pid, signal)
  await server.program.sees(/wait for 2 conns to quit/)
  const seen = player.packets.length
  await player.receivedCount(seen + 20)
  await publisher.stop("SIGINT")
  await player.stop("SIGINT")
  await server.program.succeeded()
  expect(server.log()).toContain("sig=3, user start gracefully quit")
  expect(server.log()).toContain("cleanup for quit signal fast=0, grace=1")
}

describe.each(["bun", "deno", "node"] as const)("%s:", (runtime) => {
  test("SIGQUIT lets clients go, then ends with status 0", async () => {
    await using server = await startServer({ runtime, global: graces })
    await endsGracefully(server, "SIGQUIT")
  }, 60_000)

  test("with force_grace_quit SIGTERM does so too; SIGINT, or a second SIGTERM, ends at once", async () => {
    await using server = await startServer({ runtime, global: `${graces} force_grace_quit on;` })
    await endsGracefully(server, "SIGTERM")
    const media = await clip("h264Aac")
    for (const second of ["SIGINT", "SIGTERM"] as const) {
      await using other = await startServer({ runtime, global: `${graces} force_grace_quit on;` })
      await using publisher = publish(media.path, other.rtmp(), loop)
      await other.program.sees(/start publish/)
      process.kill(other.program.pid, "SIGTERM")
      await other.program.sees(/wait for 1 conns to quit/)
      process.kill(other.program.pid, second)
      await other.program.succeeded()
      const number = second === "SIGINT" ? 2 : 15
      expect(other.log()).toContain(`sig=${number}, user terminate program, fast quit`)
      await publisher.exited
    }
  }, 60_000)

  test("SIGUSR1 leaves a log on the console alone, SIGUSR2 has the system's meaning", async () => {
    await using server = await startServer({ runtime })
    process.kill(server.program.pid, "SIGUSR1")
    expect((await fetch(server.api("api/v1/versions"))).status).toBe(200)
    process.kill(server.program.pid, "SIGUSR2")
    expect(await server.program.exited).toEqual({ code: null, signal: "SIGUSR2" })
  }, 60_000)

  test.skipIf(process.getuid?.() !== 0)(
    "user: root listens, and is root no longer",
    async () => {
      const [low] = [700 + (process.pid % 200)]
      const directory = fs.mkdtempSync(join(tmpdir(), "sluice-user-"))
      fs.chmodSync(directory, 0o755)
      const global = `user nobody nogroup; rtmps { enabled off; } exporter { enabled on; listen ${low}; }`
      await using server = await startServer({ runtime, global, ports: [low] })
      await server.program.sees(/became another user/)
      const status = fs.readFileSync(`/proc/${server.program.pid}/status`, "utf8")
      const ids = ["Uid", "Gid"].map((name) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1]?.split(/\s+/))
      expect(ids).toEqual([Array(4).fill("65534"), Array(4).fill("65534")])
      expect(/^Groups:\s+(.*)$/m.exec(status)?.[1]?.trim()).toBe("65534")
      expect((await fetch(`http://127.0.0.1:${low}/metrics`)).status).toBe(200)
      expect(fs.statSync(join(server.directory, "sluice.pid")).uid).toBe(65_534)
      fs.rmSync(directory, { recursive: true })
    },
    60_000
  )

  test("a log without room is told of on standard error, and media flows", async () => {
    const media = await clip("h264Aac")
    await using server = await startServer({ runtime })
    await using publisher = publish(media.path, server.rtmp(), loop)
    await using player = play(server.rtmp())
    await player.receivedCount(20)
    const file = join(server.directory, "server.conf")
    const text = fs.readFileSync(file, "utf8")
    fs.writeFileSync(file, text.replace("srs_log_tank console;", "srs_log_tank file; srs_log_file /dev/full;"))
    process.kill(server.program.pid, "SIGHUP")
    await server.program.sees(/sluice: the log \/dev\/full cannot be written: ENOSPC/)
    const seen = player.packets.length
    await player.receivedCount(seen + 20)
    fs.writeFileSync(file, text)
    process.kill(server.program.pid, "SIGHUP")
    await server.program.sees(/log lines lost, log\.lost_lines=\d/)
    await player.stop("SIGINT")
    await publisher.stop("SIGINT")
  }, 60_000)

  test("a processor that is too busy is told of, in log and metrics, and lets no new viewer in", async () => {
    const media = await clip("h264Aac")
    // Whatever the server does is too much: a second in which it used any of a processor is enough.
    const limits = "high_threshold 0; critical_threshold 0; dying_threshold 0; dying_pulse 1;"
    const global = `circuit_breaker { ${limits} } exporter { enabled on; }`
    await using server = await startServer({
      runtime,
      global,
      env: { SRS_EXPORTER_LISTEN: String((await freePorts(1))[0]) }
    })
    await using publisher = publish(media.path, server.rtmp(), loop)
    await using player = play(server.rtmp())
    await player.receivedCount(20)
    // Asking keeps it busy.
    let status = 0
    while (status !== 503) {
      const leave = new AbortController()
      status = (await fetch(server.http(), { signal: leave.signal })).status
      leave.abort()
    }
    await server.program.sees(/CircuitBreaker: cpu=\d+\.\d\d%, break=1,1,1/)
    expect(await (await fetch(server.api("metrics"))).text()).toMatch(/^srs_circuit_breaker_refused_total [1-9]/m)
    const seen = player.packets.length
    await player.receivedCount(seen + 20)
    await publisher.stop("SIGINT")
    await player.stop("SIGINT")
  }, 60_000)
})
