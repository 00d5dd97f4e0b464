import { expect, test } from "bun:test"
import { play, publish } from "../support/clients.ts"
import { clip, trace } from "../support/media.ts"
import { type Runtime, withServer } from "../support/server.ts"

for (const runtime of ["bun", "deno", "node"] satisfies Array<Runtime>) {
  test(
    `on ${runtime} FFmpeg publishes and plays over RTMP and HTTP-FLV, and SIGTERM ends the server with status 0`,
    withServer({ runtime }, async (server) => {
      const source = await clip("h264Aac")
      await using rtmp = play(server.rtmp())
      await using http = play(server.http())
      await server.plays(2)
      await using publisher = publish(source.path, server.rtmp())
      await publisher.succeeded()
      for (const player of [rtmp, http]) {
        await player.receivedEndOf(source.packets)
        expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
        expect(trace(player.packets, "audio")).toEqual(trace(source.packets, "audio"))
      }
    })
  )
}
