import { expect, test } from "bun:test"
import { publish, rtmpdump } from "../support/clients.ts"
import { clip, trace } from "../support/media.ts"
import { withServer } from "../support/server.ts"

test(
  "rtmpdump receives a stream as it was published",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    await using player = rtmpdump(server.rtmp())
    await server.plays(1)
    await using publisher = publish(source.path, server.rtmp())
    await publisher.succeeded()
    await player.receivedEndOf(source.packets)
    expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
    expect(trace(player.packets, "audio")).toEqual(trace(source.packets, "audio"))
  })
)
