/** A changed file, applied to a running server by signal and by itself. */
import { expect, test } from "bun:test"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { play, publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { freePorts } from "../support/ports.ts"
import { type Runtime, type Server, startServer, withServer } from "../support/server.ts"

const fileOf = (server: Server): string => join(server.directory, "server.conf")

/** Waits for the n-th line of the log that matches. */
const sees = (server: Server, pattern: RegExp, count = 1): Promise<unknown> =>
  server.program.until(`${pattern} for the ${count}. time`, () =>
    (server.log().match(new RegExp(pattern, "g"))?.length ?? 0) >= count ? true : undefined
  )

const change = (server: Server, from: string | RegExp, to: string): void =>
  writeFileSync(fileOf(server), readFileSync(fileOf(server), "utf8").replace(from, to))

const hangUp = (server: Server): void => void process.kill(server.program.pid, "SIGHUP")

const onSighup = async (runtime: Runtime): Promise<void> => {
  const media = await clip("h264Aac")
  const [added] = (await freePorts(1)) as [number]
  await using server = await startServer({ runtime })
  await using publisher = publish(media.path, server.rtmp(), { realTime: true, input: ["-stream_loop", "1"] })
  await using player = play(server.rtmp())
  await player.receivedCount(20)
  change(server, "max_connections 500;", "max_connectoins 500;")
  hangUp(server)
  await sees(server, /configuration refused: nothing has changed/)
  expect(server.log()).toContain("server.conf:6:1: illegal directive max_connectoins")
  change(server, "max_connectoins 500;", "max_connections 600;")
  change(server, /^listen .*$/m, `listen ${added};`)
  hangUp(server)
  await sees(server, /configuration reloaded/)
  expect(server.log()).toMatch(new RegExp(`listening[^\\n]*\\b${added}\\b`))
  await using second = play(`rtmp://127.0.0.1:${added}/live/a`)
  await second.receivedCount(20)
  // Its listener has gone; the clients have not.
  const seen = player.packets.length
  await player.receivedCount(seen + 20)
  await publisher.stop("SIGINT")
}

test.each(["bun", "deno", "node"] as const)(
  "SIGHUP on %s: a bad file changes nothing, a good one moves the listener while media flows",
  onSighup,
  60_000
)

test(
  "a file that is written to is reloaded by itself",
  withServer({ global: "inotify_auto_reload on;" }, async (server) => {
    change(server, "max_connections 500;", "max_connections 600;")
    await sees(server, /configuration reloaded/)
    change(server, "max_connections 600;", "max_connections 700;")
    await sees(server, /configuration reloaded/, 2)
  }),
  60_000
)
