import { expect, test } from "bun:test"
import { play, publish, rtmp2sink, rtmp2src, rtmpsrc, sinkFile } from "../support/clients.ts"
import { clip, readFlv, trace } from "../support/media.ts"
import { withServer } from "../support/server.ts"

for (const start of [rtmp2src, rtmpsrc]) {
  test(
    `GStreamer's ${start.name} receives a stream as it was published`,
    withServer({}, async (server) => {
      const source = await clip("h264Aac")
      await using player = start(server.rtmp())
      await server.plays(1)
      await using publisher = publish(source.path, server.rtmp())
      await publisher.succeeded()
      await player.receivedEndOf(source.packets)
      expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
      expect(trace(player.packets, "audio")).toEqual(trace(source.packets, "audio"))
    })
  )
}

test(
  "GStreamer's rtmp2sink publishes, and FFmpeg receives what it sent",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    const file = `${server.directory}/sent.flv`
    await using reference = sinkFile(source.path, file)
    await reference.succeeded()
    const sent = readFlv(file).packets
    await using player = play(server.rtmp())
    await server.plays(1)
    await using publisher = rtmp2sink(source.path, server.rtmp())
    await publisher.succeeded()
    await player.receivedEndOf(sent)
    expect(trace(player.packets, "video")).toEqual(trace(sent, "video"))
    expect(trace(player.packets, "audio")).toEqual(trace(sent, "audio"))
  })
)
