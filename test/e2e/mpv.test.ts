import { expect, test } from "bun:test"
import { mpv, publish } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { withServer } from "../support/server.ts"

for (const protocol of ["rtmp", "http"] as const) {
  test(
    `mpv plays a second of a live stream over ${protocol} without a complaint`,
    withServer({}, async (server) => {
      const source = await clip("h264Aac")
      await using publisher = publish(source.path, server.rtmp(), { realTime: true })
      await publisher.sees(/frame=[1-9]/)
      await using player = mpv(server[protocol](), 25)
      await player.succeeded()
      expect(player.out.text() + player.err.text()).toBe("")
    })
  )
}
