import { describe, expect, test } from "bun:test"
import { type Cut, type DashPeriod, DashSegmenter } from "../../../src/domain/dash/DashSegmenter.ts"
import { DashWindow, type WindowRules } from "../../../src/domain/dash/DashWindow.ts"
import { mpdText } from "../../../src/domain/dash/mpd.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { Timeline } from "../../../src/domain/media/Timeline.ts"
import { audioTrack, videoTrack } from "../../../src/domain/mp4/Track.ts"
import { randomOf } from "../config/random.ts"
import { framesOf } from "../ts/media.ts"
import { all, checkMpd, numbered, parseXml, timelineOf } from "./checkMpd.ts"

const rules: WindowRules = { segments: 3, fragmentMillis: 2000, updatePeriodMillis: 1000, lowLatency: undefined }
const epoch = Date.parse("2030-01-02T03:04:05.000Z")

const headerOf = (name: string, kind: Kind) => framesOf(name).find((frame) => frame.header && frame.kind === kind)!
const avc = videoTrack(headerOf("h264-aac", Kind.Video))!
const hevc = videoTrack(headerOf("hevc-hdr-aac", Kind.Video))!
const aac = audioTrack(headerOf("h264-aac", Kind.Audio))!

/** Two seconds of pictures, and of sound unless there is none. */
const cut = (period: DashPeriod, at: number, { sound = true, video = avc } = {}): Cut => ({
  period,
  segments: [
    { track: video, bytes: new Uint8Array(1000), time: at * 90_000, duration: 180_000 },
    ...(sound ? [{ track: aac, bytes: new Uint8Array(500), time: at * 48_000, duration: 96_000 }] : [])
  ]
})

const text = (window: DashWindow, now = epoch): string => {
  const mpd = window.mpd(rules, "a/", now)
  return mpd === undefined ? "" : mpdText(mpd)
}

const names = (files: ReadonlyArray<{ readonly name: string }>) => files.map(({ name }) => name)

test("an MPD, as the live profile has it", () => {
  const window = new DashWindow()
  expect(text(window)).toBe("")
  const period = { startedAt: epoch, mediaStart: 10_000 }
  expect(names(window.add(cut(period, 10)))).toEqual(["video-init.mp4", "video-0.m4s", "audio-init.mp4", "audio-0.m4s"])
  expect(names(window.add(cut(period, 12)))).toEqual(["video-1.m4s", "audio-1.m4s"])
  const mpd = window.mpd(rules, "my%20stream/", epoch + 4100)!
  const written = mpdText(mpd, { nowMillis: epoch + 4200, query: "?vhost=a&b=$1" })
  expect(checkMpd(written)).toEqual([])
  expect(written).toBe(`<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
    availabilityStartTime="2030-01-02T03:04:05.000Z" publishTime="2030-01-02T03:04:09.100Z"
    minimumUpdatePeriod="PT1S" minBufferTime="PT4S"
    timeShiftBufferDepth="PT4S" maxSegmentDuration="PT2S">
  <BaseURL>my%20stream/</BaseURL>
  <Period id="0" start="PT0S">
    <AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Representation id="video" bandwidth="4000" codecs="${avc.codecs}" width="${avc.picture.width}" height="${avc.picture.height}">
        <SegmentTemplate initialization="video-init.mp4?vhost=a&amp;b=$$1" media="$RepresentationID$-$Number$.m4s?vhost=a&amp;b=$$1" startNumber="0" timescale="90000" presentationTimeOffset="900000">
          <SegmentTimeline>
            <S t="900000" d="180000"/>
            <S t="1080000" d="180000"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
      <Representation id="audio" bandwidth="2000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <SegmentTemplate initialization="audio-init.mp4?vhost=a&amp;b=$$1" media="$RepresentationID$-$Number$.m4s?vhost=a&amp;b=$$1" startNumber="0" timescale="48000" presentationTimeOffset="480000">
          <SegmentTimeline>
            <S t="480000" d="96000"/>
            <S t="576000" d="96000"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2030-01-02T03:04:09.200Z"/>
</MPD>
`)
})

describe("the window", () => {
  test("lists the newest segments, and keeps as many more", () => {
    const window = new DashWindow()
    const period = { startedAt: epoch, mediaStart: 0 }
    const expired: Array<string> = []
    for (let i = 0; i < 10; i++) {
      window.add(cut(period, 2 * i))
      expired.push(...window.takeExpired(rules))
    }
    expect(numbered(parseXml(text(window).trim())).map(([key]) => key)).toEqual([
      "video-7",
      "video-8",
      "video-9",
      "audio-7",
      "audio-8",
      "audio-9"
    ])
    expect(expired.toSorted()).toEqual([0, 1, 2, 3].flatMap((n) => [`audio-${n}.m4s`, `video-${n}.m4s`]).toSorted())
    expect(window.files.length).toBe(2 + 2 * 6)
  })

  test("goes on over publishers, each a period, with an init segment of its own only where it differs", () => {
    const window = new DashWindow()
    window.add(cut({ startedAt: epoch, mediaStart: 0 }, 0))
    const before = text(window)
    expect(names(window.add(cut({ startedAt: epoch + 10_000, mediaStart: 0 }, 0)))).toEqual([
      "video-1.m4s",
      "audio-1.m4s"
    ])
    const changed = cut({ startedAt: epoch + 11_000, mediaStart: 5000 }, 5, { sound: false, video: hevc })
    expect(names(window.add(changed))).toEqual(["video-init-2.mp4", "video-2.m4s"])
    const after = text(window, epoch + 20_000)
    expect(checkMpd(after, before)).toEqual([])
    // The third would begin while the second lasts.
    expect(all(parseXml(after.trim()), "Period").map(({ attributes }) => attributes["start"])).toEqual([
      "PT0S",
      "PT10S",
      "PT12S"
    ])
    for (let i = 0; i < 9; i++) window.add(cut({ startedAt: epoch + 30_000, mediaStart: 0 }, 2 * i, { video: hevc }))
    expect(window.takeExpired(rules)).toContain("video-init.mp4")
    expect(window.files).toContain("video-init-2.mp4")
  })

  test("has a new period after something was lost, because numbers have no gaps", () => {
    const window = new DashWindow()
    const period = { startedAt: epoch, mediaStart: 1000 }
    window.add(cut(period, 1))
    window.add(cut(period, 3))
    window.lost("video-1.m4s")
    const before = text(window)
    window.add(cut(period, 5))
    window.skip(cut(period, 7))
    window.add(cut(period, 9))
    const after = text(window, epoch + 9000)
    expect(checkMpd(after, before)).toEqual([])
    expect(numbered(parseXml(after.trim())).map(([key, time]) => `${key} ${time}`)).toEqual([
      "video-0 0:90000+180000",
      "audio-1 0:144000+96000",
      "video-2 1:450000+180000",
      "audio-2 1:240000+96000",
      "video-4 2:810000+180000",
      "audio-4 2:432000+96000"
    ])
    const starts = all(parseXml(after.trim()), "Period").map(({ attributes }) => attributes["start"])
    expect(starts).toEqual(["PT0S", "PT4S", "PT8S"])
  })

  test("takes up the numbers of the one before", () => {
    const window = new DashWindow({ video: 7, audio: 9 })
    const files = names(window.add(cut({ startedAt: epoch, mediaStart: 0 }, 0)))
    expect(files).toEqual(["video-init.mp4", "video-7.m4s", "audio-init.mp4", "audio-9.m4s"])
    expect(window.numbers).toEqual({ video: 8, audio: 10 })
  })
})

describe("low latency", () => {
  const lowLatency = { chunkMillis: 200, targetMillis: 1500 }
  const mpdOf = (window: DashWindow, nowMillis?: number) =>
    mpdText(
      window.mpd({ ...rules, updatePeriodMillis: 5000, lowLatency }, "a/", epoch)!,
      nowMillis === undefined ? {} : { nowMillis, clockUrl: "http://a/clock", location: "a.mpd?dash_ctx=1" }
    )
  const filled = () => {
    const window = new DashWindow()
    const period = { startedAt: epoch, mediaStart: 10_000 }
    window.add(cut(period, 10))
    window.add(cut(period, 12))
    return { period, window }
  }

  test("announces the segment that is being written and the next one, to who can wait", () => {
    const { window } = filled()
    const text = mpdOf(window, epoch + 4000)
    expect(checkMpd(text)).toEqual([])
    const found = timelineOf(all(parseXml(text.trim()), "AdaptationSet")[0]!)
    expect(found.segments.map(({ time }) => time)).toEqual([900_000, 1_080_000])
    expect(found.announced).toEqual([
      { time: 1_260_000, duration: 180_000 },
      { time: 1_440_000, duration: 180_000 }
    ])
    expect(text).toContain(`availabilityTimeOffset="1.800" availabilityTimeComplete="false"`)
    expect(text).toContain(`<Latency referenceId="0" target="1500"/>`)
    expect(text).toContain(`minimumUpdatePeriod="PT2S" minBufferTime="PT0.4S"`)
    expect(text).toContain(`<Location>a.mpd?dash_ctx=1</Location>`)
    const onDisk = mpdOf(window)
    expect(checkMpd(onDisk, text)).toEqual([])
    expect(timelineOf(all(parseXml(onDisk.trim()), "AdaptationSet")[0]!).announced).toEqual([])
  })

  test("guesses the longest, announces the numbers that come, and nothing after the end or a loss", () => {
    const { period, window } = filled()
    window.add({ period, segments: [{ track: avc, bytes: new Uint8Array(9), time: 14 * 90_000, duration: 200_000 }] })
    const videoOf = () => timelineOf(all(parseXml(mpdOf(window, epoch).trim()), "AdaptationSet")[0]!)
    expect(videoOf().announced.map(({ duration }) => duration)).toEqual([200_000, 200_000])
    const { segments, startNumber } = videoOf()
    expect(window.open("video")).toBe(startNumber + segments.length)
    window.end()
    expect(videoOf().announced).toEqual([])
    window.add(cut(period, 16))
    expect(videoOf().announced.length).toBe(2)
    window.skip(cut(period, 18))
    expect(videoOf().announced).toEqual([])
  })
})

const fieldsOf = (frame: MediaFrame) => {
  const { bytes, codec, compositionOffset, dataStart, end, header, keyframe, kind, start } = frame
  return { bytes, codec, compositionOffset, dataStart, end, header, keyframe, kind, start }
}

test("whatever publishers do, every MPD keeps the rules", () => {
  const clips = ["h264-aac", "h264-mp3", "hevc-opus", "av1-flac"].map((name) => framesOf(name))
  for (let seed = 0; seed < 60; seed++) {
    const random = randomOf(seed)
    const window = new DashWindow()
    const timeline = new Timeline()
    let before: string | undefined
    let now = epoch
    const onCut = (made: Cut) => {
      for (const { name } of window.add(made)) if (random(30) === 0) window.lost(name)
      window.takeExpired(rules)
      const written = text(window, now)
      if (written === "") return
      expect({ seed, broken: checkMpd(written, before) }).toEqual({ seed, broken: [] })
      before = written
    }
    const fragmentMillis = 200 + 100 * random(10)
    const segmenter = new DashSegmenter({
      fragmentMillis: () => fragmentMillis,
      chunkMillis: () => 0,
      published: false,
      onChunk: () => undefined,
      onCut
    })
    let offset = random(100_000)
    for (let part = 0; part < 12; part++) {
      const frames = clips[random(clips.length)]!
      const drops = random(3) === 0
      for (const source of frames) {
        if (drops && random(8) === 0) continue
        const published = Math.max(0, source.timestamp + offset + (random(50) === 0 ? random(4000) - 2000 : 0))
        const frame = new MediaFrame({ ...fieldsOf(source), published })
        timeline.repair(frame, now)
        segmenter.push(frame, now)
        now += random(40)
      }
      offset += random(4) === 0 ? random(20_000) : 1040
      if (random(3) === 0) segmenter.end()
    }
    segmenter.end()
  }
})
