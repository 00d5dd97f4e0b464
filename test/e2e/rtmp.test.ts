import { expect, test } from "bun:test"
import { decode, decodeFile, play, publish } from "../support/clients.ts"
import { clip, trace } from "../support/media.ts"
import { Program, words } from "../support/program.ts"
import { withServer } from "../support/server.ts"

for (const name of ["h264Aac", "videoOnly", "audioOnly", "h264Mp3"] as const) {
  test(
    `FFmpeg to FFmpeg loses nothing, all times equal at both ends: ${name}`,
    withServer({}, async (server) => {
      const source = await clip(name)
      await using player = play(server.rtmp())
      await server.plays(1)
      await using publisher = publish(source.path, server.rtmp())
      await publisher.succeeded()
      await player.receivedEndOf(source.packets)
      expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
      expect(trace(player.packets, "audio")).toEqual(trace(source.packets, "audio"))
    })
  )
}

for (const [when, seen] of [
  ["at the beginning", /frame=\s*[1-9]/],
  ["when the first groups of pictures are forgotten", /frame=\s*[5-7]\d/]
] as const) {
  test(
    `a player that joins ${when} starts at a keyframe and misses nothing from there on`,
    withServer({}, async (server) => {
      const source = await clip("h264Aac")
      const url = server.rtmp("live/join")
      await using publisher = publish(source.path, url, { realTime: true })
      await publisher.sees(seen)
      await using player = play(url)
      await player.receivedEndOf(source.packets)
      const first = player.packets.find(({ kind }) => kind === "video")!
      expect(first.keyframe).toBe(true)
      const start = source.packets.findIndex(({ crc, size }) => crc === first.crc && size === first.size)
      const video = source.packets.slice(start).filter(({ kind }) => kind === "video")
      expect(trace(player.packets, "video", first.dts)).toEqual(trace(video, "video"))
      const audio = player.packets.filter(({ kind }) => kind === "audio")
      expect(trace(audio, "audio", first.dts)).toEqual(
        trace(source.packets, "audio", source.packets[start]!.dts).slice(-audio.length)
      )
      // Audio begins beside the keyframe, no further away than at the start of the file.
      expect(Math.abs(audio[0]!.dts - first.dts)).toBeLessThanOrEqual(80)
    })
  )
}

test(
  "FFmpeg decodes without a complaint, to the pictures that the file has",
  withServer({}, async (server) => {
    const source = await clip("h264Aac")
    const url = server.rtmp("live/decode")
    const expected = await decodeFile(source.path)
    await using publisher = publish(source.path, url, { realTime: true })
    await publisher.sees(/frame=/)
    const decoded = await decode(url, 60)
    expect(decoded.complaints).toEqual([])
    const start = expected.pictures.indexOf(decoded.pictures[0]!)
    expect(start % 25).toBe(0)
    expect(decoded.pictures).toEqual(expected.pictures.slice(start, start + 60))
  })
)

test(
  "a second publisher of the same stream is refused, and the first goes on",
  withServer({}, async (server) => {
    const source = await clip("videoOnly")
    const url = server.rtmp("live/busy")
    await using player = play(url)
    await server.plays(1)
    await using first = publish(source.path, url, { realTime: true })
    await first.sees(/frame=[1-9]/)
    await using second = publish(source.path, url)
    expect((await second.exited).code).not.toBe(0)
    await player.receivedEndOf(source.packets)
    expect(trace(player.packets, "video")).toEqual(trace(source.packets, "video"))
  })
)

test(
  "a player stays when the publisher leaves, and goes on with the next one",
  withServer({}, async (server) => {
    const source = await clip("videoOnly")
    const url = server.rtmp("live/again")
    await using player = play(url)
    await server.plays(1)
    for (const round of [1, 2]) {
      await using publisher = publish(source.path, url)
      await publisher.succeeded()
      await player.receivedCount(round * source.packets.length)
    }
    const times = player.packets.map(({ dts }) => dts)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
)

/** The streams that FFmpeg finds, by kind and codec. */
const streamsOf = async (url: string): Promise<ReadonlyArray<string>> => {
  await using probe = new Program([
    ...words("ffprobe -v error -show_entries stream=codec_name,codec_type -of csv=p=0"),
    url
  ])
  await probe.succeeded()
  return probe.out.text().trim().split("\n").sort()
}

test(
  "FFmpeg finds sound and pictures and no third stream, whenever it comes",
  withServer({}, async (server) => {
    // FFmpeg opens one for metadata whose time is not 0, as it is where sound comes before the keyframe.
    const source = await clip("soundFirst")
    const url = server.rtmp("live/streams")
    const waiting = streamsOf(url)
    await server.plays(1)
    await using publisher = publish(source.path, url, { realTime: true })
    await publisher.sees(/frame=[1-9]/)
    const expected = ["aac,audio", "h264,video"]
    expect(await streamsOf(url)).toEqual(expected)
    expect(await waiting).toEqual(expected)
    expect(await streamsOf(server.http("live/streams.flv"))).toEqual(expected)
  })
)
