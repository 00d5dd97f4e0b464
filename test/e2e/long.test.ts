import { expect, test } from "bun:test"
import { play } from "../support/clients.ts"
import { clip } from "../support/media.ts"
import { RtmpPublisher } from "../support/rtmpPublisher.ts"
import { withServer } from "../support/server.ts"

/** The clip lasts a minute, its last audio frame a little longer. */
const roundMillis = 61_000
const rounds = Math.ceil((24 * 3600 * 1000) / roundMillis)

test(
  "24 hours of stream time at high speed: every frame arrives, at its time",
  // The queue of a viewer is measured in stream time, of which a day passes in seconds here.
  withServer({ vhost: "min_latency on; play { queue_length 3600; }" }, async (server) => {
    const source = await clip("slow")
    // Metadata and codec headers once, the frames of a minute in each round.
    const headers = source.tags.filter(({ body, type }) => type === 18 || body[1] === 0)
    const frames = source.tags.filter(({ body, type }) => type !== 18 && body[1] === 1 && body.length > 2)
    await using player = play(server.rtmp(), { seconds: 110, level: "info" })
    await server.plays(1)
    await using publisher = await RtmpPublisher.start(server.rtmp())
    publisher.send(headers)
    for (let round = 0; round < rounds; round++) {
      publisher.send(frames, round * roundMillis)
      // At most ten minutes ahead of the player.
      if (round % 10 === 9) await player.receivedCount((round - 9) * frames.length)
    }
    await player.receivedCount(rounds * frames.length)
    expect(player.packets).toHaveLength(rounds * frames.length)
    for (const kind of ["video", "audio"] as const) {
      const times = player.packets.filter((packet) => packet.kind === kind).map(({ dts }) => dts)
      const sent = source.packets.filter((packet) => packet.kind === kind).map(({ dts }) => dts)
      const expected = Array.from({ length: rounds }, (_, round) => sent.map((dts) => dts + round * roundMillis)).flat()
      expect(times.findIndex((time, index) => time !== expected[index])).toBe(-1)
      expect(times).toHaveLength(expected.length)
    }
  }),
  // Half a minute of work on an idle machine, without any wait in it.
  120_000
)
