import { expect, test } from "bun:test"
import { play, publish, rtmp2src, rtmpdump, rtmpsrc } from "../support/clients.ts"
import { type Clip, clip, firstTime, trace } from "../support/media.ts"
import { RtmpPublisher } from "../support/rtmpPublisher.ts"
import { type Server, withServer } from "../support/server.ts"

/** A second after each of these starts comes: the extended timestamp, the sign bit, the end of 32 bits. */
const starts = [16_776_000, 2 ** 31 - 1000, 2 ** 32 - 1000]

/** All players wait, then the clip arrives with its times moved on: each must have it whole, with even times. */
const playAcross = async (server: Server, source: Clip, start: number, expectedFirst: number) => {
  await using ffmpeg = play(server.rtmp())
  await using librtmp = rtmpdump(server.rtmp())
  await using gstreamer = rtmp2src(server.rtmp())
  await using gstreamerLibrtmp = rtmpsrc(server.rtmp())
  await server.plays(4)
  await using publisher = await RtmpPublisher.start(server.rtmp())
  publisher.send(source.tags, start)
  for (const player of [ffmpeg, librtmp, gstreamer, gstreamerLibrtmp]) {
    await player.receivedEndOf(source.packets)
    // FFmpeg counts up to 0 where the end of 32 bits is near.
    expect(firstTime(player.packets) >>> 0).toBe(expectedFirst)
    expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
    expect(trace(player.packets, "audio")).toEqual(trace(source.packets, "audio"))
  }
}

for (const start of starts) {
  test(
    `a stream that starts at ${start} ms plays across the edge, from 0 on`,
    withServer({}, async (server) => playAcross(server, await clip("h264Aac"), start, 0))
  )
}

for (const start of starts) {
  test(
    `with atc a stream that starts at ${start} ms arrives with the times of its publisher`,
    withServer({ vhost: "play { atc on; }" }, async (server) => playAcross(server, await clip("h264Aac"), start, start))
  )
}

test(
  "a player that joins beyond the edge of 32 bits starts at a keyframe with a time near 0",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    await using publisher = await RtmpPublisher.start(server.rtmp())
    const half = source.tags.findIndex(({ timestamp, type }) => type === 9 && timestamp >= 2000)
    publisher.send(source.tags.slice(0, half), starts[2]!)
    await using player = play(server.rtmp())
    await server.plays(1)
    publisher.send(source.tags.slice(half), starts[2]!)
    await player.receivedEndOf(source.packets)
    const first = player.packets.find(({ kind }) => kind === "video")!
    expect(first.keyframe).toBe(true)
    expect(first.dts).toBeLessThan(100)
    const video = trace(player.packets, "video", first.dts)
    expect(video.length).toBeGreaterThanOrEqual(50)
    const at = source.packets.findIndex(({ crc, size }) => crc === first.crc && size === first.size)
    expect(video).toEqual(trace(source.packets.slice(at), "video", source.packets[at]!.dts))
  })
)

test(
  "FFmpeg publishes from 16 776 000 ms on, and plays across the edge",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    await using player = play(server.rtmp())
    await server.plays(1)
    await using publisher = publish(source.path, server.rtmp(), { output: ["-output_ts_offset", "16776"] })
    await publisher.succeeded()
    await player.receivedEndOf(source.packets)
    expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
  })
)
