/** Disks that take nothing, of real files: live goes on, the log says what is lost, and lists stay right. */
import { describe, expect, test } from "bun:test"
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { checkMpd } from "../domain/dash/checkMpd.ts"
import { play, type Player } from "../support/clients.ts"
import { count, counted, listed, publishAll, whole } from "../support/hlsLists.ts"
import { type Clip, clip, trace } from "../support/media.ts"
import { checkPlaylists } from "../support/playlistChecks.ts"
import { RtmpPublisher } from "../support/rtmpPublisher.ts"
import { type Server, withServer } from "../support/server.ts"
import { canMount, smallDisk } from "../support/smallDisk.ts"

const hlsAt = (path: string): string =>
  `hls { enabled on; hls_fragment 1; hls_window 60; hls_ctx off; hls_path ${path}; }`
const dash = (path: string): string =>
  `dash { enabled on; dash_fragment 1; dash_update_period 1; dash_window_size 60; dash_path ${path}; }`

const expectAll = async (player: Player, source: Clip): Promise<void> => {
  await player.receivedEndOf(source.packets)
  for (const kind of ["video", "audio"] as const) {
    expect(trace(player.packets, kind)).toEqual(trace(source.packets, kind))
  }
}

test("where a file is in the way of the folder, live goes on, and HLS and DASH do once it is gone", () =>
  withServer({ vhost: `${hlsAt("./hls")} ${dash("./dash")}` }, async (server) => {
    const source = await clip("h264Aac")
    const folders = ["hls", "dash"].map((name) => join(server.directory, name))
    for (const folder of folders) writeFileSync(folder, "")
    {
      await using player = play(server.rtmp())
      await server.plays(1)
      await using publisher = await RtmpPublisher.start(server.rtmp())
      publisher.send(source.tags)
      await expectAll(player, source)
    }
    await server.program.sees(/hls segment lost[^]*(?:ENOTDIR|EEXIST)/)
    await server.program.sees(/dash segment lost[^]*(?:ENOTDIR|EEXIST)/)
    for (const folder of folders) rmSync(folder)
    // The times of the second follow those of the first, so that it has one segment less.
    const text = await publishAll(server, source, 3)
    expect(await count(await whole(server, text))).toEqual(counted(source))
    expect(checkMpd(readFileSync(join(server.directory, "dash/live/a.mpd"), "utf8"))).toEqual([])
  })())

const diskMegabytes = 2

/** All that lies on the disk. */
const filesOf = (path: string): ReadonlyArray<string> =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

const freeBytes = (path: string): number => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** One after the other, each as fast as the player has it. */
const sendRounds = async (publisher: RtmpPublisher, player: Player, source: Clip, from: number, to: number) => {
  const frames = source.tags.filter(({ body, type }) => type !== 18 && body[1] === 1 && body.length > 2)
  const length = 1000 * Math.ceil(source.packets.reduce((last, { dts }) => Math.max(last, dts), 0) / 1000 + 0.1)
  for (let round = from; round < to; round++) {
    publisher.send(frames, round * length)
    await player.receivedCount((round + 1) * frames.length)
  }
  return frames.length
}

const listOf = (path: string): string => readFileSync(join(path, "live/a.m3u8"), "utf8")

describe.skipIf(!canMount)("on a disk that", () => {
  test("is full, live goes on, and HLS and DASH do when there is room again", async () => {
    using disk = smallDisk(diskMegabytes)
    const vhost = `${hlsAt(disk.path)} ${dash(disk.path)}`
    await withServer({ vhost }, (server) => fillsUp(server, disk.path))()
    checkPlaylists([listOf(disk.path)])
  })

  test("becomes read-only, live goes on, and HLS does when it can be written again", async () => {
    using disk = smallDisk(diskMegabytes)
    const vhost = hlsAt(disk.path)
    await withServer({ vhost }, async (server) => {
      const source = await clip("h264Aac")
      await publishAll(server, source, 4)
      const before = listOf(disk.path)
      disk.remount("ro")
      {
        await using player = play(server.rtmp("live/b"))
        // Who has fetched the list is the first.
        await server.plays(2)
        await using publisher = await RtmpPublisher.start(server.rtmp("live/b"))
        publisher.send(source.tags)
        await expectAll(player, source)
      }
      await server.program.sees(/hls segment lost[^]*EROFS/)
      expect(listOf(disk.path)).toBe(before)
      disk.remount("rw")
      const text = await publishAll(server, source, 7)
      checkPlaylists([before, text])
      expect(text.match(/^#EXT-X-DISCONTINUITY$/gm)).toHaveLength(1)
    })()
  })
})

const fillsUp = async (server: Server, path: string): Promise<void> => {
  const source = await clip("h264Aac")
  await using player = play(server.rtmp())
  await server.plays(1)
  await using publisher = await RtmpPublisher.start(server.rtmp())
  publisher.send(source.tags.filter(({ body, type }) => type === 18 || body[1] === 0))
  await sendRounds(publisher, player, source, 0, 1)
  await listed(server, 2)
  const ballast = join(path, "ballast")
  writeFileSync(ballast, "")
  // Bit by bit: the server writes meanwhile.
  while (freeBytes(path) > 8192) appendFileSync(ballast, Buffer.alloc(4096))
  await sendRounds(publisher, player, source, 1, 4)
  await server.program.sees(/hls segment lost[^]*ENOSPC/)
  await server.program.sees(/dash segment lost[^]*ENOSPC/)
  const full = listOf(path)
  checkPlaylists([full])
  for (const [, name] of full.matchAll(/^([^#\n]+)$/gm)) expect(existsSync(join(path, "live", name!))).toBe(true)
  expect(filesOf(path).filter((file) => file.endsWith(".tmp"))).toEqual([])
  rmSync(ballast)
  const frames = await sendRounds(publisher, player, source, 4, 7)
  const text = await listed(server, (full.match(/#EXTINF/g)?.length ?? 0) + 3)
  checkPlaylists([full, text])
  expect(text).toContain("#EXT-X-DISCONTINUITY\n")
  expect(player.packets.length).toBe(7 * frames)
  expect(checkMpd(readFileSync(join(path, "live/a.mpd"), "utf8"))).toEqual([])
}
