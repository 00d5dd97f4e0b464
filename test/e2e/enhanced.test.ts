import { expect, test } from "bun:test"
import { play8, publish8, rtmpdump } from "../support/clients.ts"
import { modernClip, trace } from "../support/media.ts"
import { withServer } from "../support/server.ts"

const cases = [
  { name: "HEVC and AAC", clip: "hevcAac.mp4", codecs: ["hevc", "aac"], fourCc: { video: "hvc1", audio: undefined } },
  { name: "AV1 and Opus", clip: "av1Opus.mkv", codecs: ["av1", "opus"], fourCc: { video: "av01", audio: "Opus" } }
] as const

/** The fourCC of the first tag with an extended header (Enhanced RTMP v2: top bit for video, sound format 9). */
const fourCcOf = (tags: ReadonlyArray<{ readonly type: number; readonly body: Uint8Array }>, type: number) => {
  const tag = tags.find(
    ({ body, type: found }) => found === type && (type === 9 ? body[0]! >= 0x80 : body[0]! >> 4 === 9)
  )
  return tag === undefined ? undefined : Buffer.from(tag.body.subarray(1, 5)).toString()
}

for (const { clip, codecs, fourCc, name } of cases) {
  test(
    `FFmpeg 8.1 publishes and plays ${name} over Enhanced RTMP`,
    withServer({}, async (server) => {
      const file = await modernClip(clip)
      await using player = play8(server.rtmp())
      await using relay = rtmpdump(server.rtmp())
      await server.plays(2)
      await using publisher = publish8(file, server.rtmp())
      await publisher.succeeded()
      await player.receivedEndOf(publisher.packets)
      expect(trace(player.packets, "video")).toEqual(trace(publisher.packets, "video"))
      expect(trace(player.packets, "audio")).toEqual(trace(publisher.packets, "audio"))
      const seen = new Set([...player.out.text().matchAll(/^codec_name=(\w+)/gm)].map((match) => match[1]))
      expect([...seen].toSorted()).toEqual(codecs.toSorted())
      // And what a player gets that announced nothing: the same bytes.
      await relay.until("it received the video", () => fourCcOf(relay.tags, 9))
      expect(fourCcOf(relay.tags, 9)).toBe(fourCc.video)
      expect(fourCcOf(relay.tags, 8)).toBe(fourCc.audio as string)
    })
  )
}
