import { describe, expect, test } from "bun:test"
import { Cursor, type StartPolicy } from "../../../src/domain/media/Cursor.ts"
import { Encoded, type Format, type Join } from "../../../src/domain/media/Format.ts"
import { Kind, MediaFrame } from "../../../src/domain/media/MediaFrame.ts"
import { maxFlushBytes, Projection } from "../../../src/domain/media/Projection.ts"
import { SourceLog } from "../../../src/domain/media/SourceLog.ts"

const atKeyframe: StartPolicy = (log) => (log.hasVideo ? log.newestEntry : log.liveEntry)
const afterKeyframe: StartPolicy = (log) => (log.hasVideo ? undefined : log.liveEntry)

const joins: Array<Join> = []

/** Frames are letters; an entry is `<headers>`. */
const format: Format = {
  key: "letters",
  lanes: 0,
  encoder: () => ({
    lane: () => 0,
    encode: (frame, out) => {
      const slab = out.reserve(frame.length)
      slab.bytes.set(frame.body, slab.used)
      out.commit(slab, frame.length)
      return Encoded.Shared
    }
  }),
  viewer: () => ({
    enter: (join) => {
      joins.push(join)
      return Buffer.from(`<${join.headers.map(({ body }) => String.fromCharCode(body[0])).join("")}>`)
    },
    own: ({ body }) => body,
    cut: (_, most) => most - 1
  })
}

const harness = (start: StartPolicy = atKeyframe, queueMillis = 400) => {
  const log = new SourceLog({ gop: start === atKeyframe, maxGopFrames: 0, queueMillis, maxBytes: 1e9 })
  log.reset()
  const projection = new Projection(format, log, 0)
  let time = 1000
  /** `K` a keyframe, `A` sound, other capitals pictures, 40 ms each; `a` and `v` are headers. */
  const add = (letters: string, length = 1) => {
    for (const letter of letters) {
      const header = letter !== letter.toUpperCase()
      const kind = letter.toUpperCase() === "A" ? Kind.Audio : Kind.Video
      const bytes = new Uint8Array(length).fill(letter.charCodeAt(0))
      const keyframe = letter === "K"
      log.append(new MediaFrame({ kind, published: time, bytes, start: 0, end: length, keyframe, header }), time)
      if (!header) time += 40
    }
  }
  const join = () => {
    const cursor = new Cursor(projection, format.viewer(), start)
    log.addReader(cursor)
    /** All that there is for it now. */
    const read = () => {
      projection.sync()
      let text = ""
      for (let bytes = cursor.next(); bytes !== undefined; bytes = cursor.next()) {
        text += Buffer.from(bytes).toString("latin1")
      }
      return text
    }
    return { cursor, read }
  }
  return { log, add, join, projection }
}

describe("a viewer that came", () => {
  test("before the stream enters at its first sound or picture, with what headers there are by then", () => {
    const { add, join } = harness()
    const one = join()
    expect([one.read(), one.cursor.isBehind]).toEqual(["", false])
    add("v")
    const two = join()
    expect([one.read(), two.read(), one.cursor.isBehind]).toEqual(["", "", false])
    add("aAKP")
    expect([one.read(), two.read()]).toEqual(["<av>AKP", "<av>AKP"])
  })

  test("later gets the newest group of pictures, with the headers in force there, and changes at their place", () => {
    const { add, join } = harness()
    add("avKPaKPvQ")
    expect(join().read()).toBe("<av>KPvQ")
  })

  test("to a stream without pictures gets the next sound", () => {
    const { add, join } = harness()
    add("aAAA")
    const { read } = join()
    expect(read()).toBe("<a>")
    add("A")
    expect(read()).toBe("A")
  })

  test("with gop_cache off gets the headers at once, and media from the next keyframe", () => {
    const { add, join } = harness(afterKeyframe)
    add("avKPP")
    const { read } = join()
    expect(read()).toBe("<av>")
    add("PA")
    expect(read()).toBe("")
    add("KPP")
    expect(read()).toBe("KPP")
  })

  test("is told the time of the place it enters, and what the stream has", () => {
    const { add, join } = harness()
    add("avKAKA")
    join().read()
    expect(joins.at(-1)).toMatchObject({ timestamp: 1080, published: 1080, hasAudio: true, hasVideo: true })
  })
})

describe("a viewer that fell behind", () => {
  test("jumps to the newest keyframe; what it lost is counted", () => {
    const { add, join } = harness()
    const { cursor, read } = join()
    add("vKP")
    expect(read()).toBe("<v>KP")
    add("PPPPPPPPPPPPPPPPPPPPKQ")
    expect(read()).toBe("KQ")
    expect(cursor.counts).toEqual({ jumps: 1, framesDropped: 20, framesOut: 4 })
  })

  test("waits for the next keyframe when the newest is too old itself", () => {
    const { add, join, log } = harness()
    const { cursor, read } = join()
    add("vKP")
    read()
    log.trim()
    add("KPPPPPPPPPPPPPPPPPPPPPPPPPPPPP")
    // As if the log had kept the group for newcomers only.
    expect(log.recentEntry).toBeUndefined()
    expect(cursor.position()).toBeGreaterThanOrEqual(log.first)
    expect(read().length).toBe(30)
  })

  test("gets the new headers, if they have changed meanwhile", () => {
    const { add, join } = harness()
    const { read } = join()
    add("vKP")
    read()
    add("PPPPPPPPPPPPPPPPvPPPPPPPKQ")
    expect(read()).toBe("<v>KQ")
  })

  test("goes on with the newest sound where there are no pictures", () => {
    const { add, join } = harness()
    const { cursor, read } = join()
    add("aA")
    read()
    add("A".repeat(100))
    expect(read()).toBe("")
    add("AA")
    expect(read()).toBe("AA")
    expect(cursor.counts.framesDropped).toBe(100)
  })
})

describe("a viewer that paused", () => {
  test("needs nothing kept, and resumes at the newest keyframe", () => {
    const { add, join } = harness()
    const { cursor, read } = join()
    add("vKP")
    read()
    cursor.pause()
    add("PPKPQ")
    expect([read(), cursor.position(), cursor.isBehind]).toEqual(["", Infinity, false])
    cursor.resume()
    cursor.resume()
    expect(read()).toBe("KPQ")
  })

  test("goes on where it was if nothing newer has begun", () => {
    const { add, join } = harness()
    const { cursor, read } = join()
    add("vKP")
    read()
    cursor.pause()
    add("QR")
    cursor.resume()
    expect(read()).toBe("QR")
  })

  test("still gets the end of a message that was begun, before what it resumes with", () => {
    const { add, join, projection } = harness()
    const { cursor, read } = join()
    add("vK")
    read()
    add("P", maxFlushBytes + 10)
    projection.sync()
    expect(cursor.next()?.length).toBe(maxFlushBytes - 1)
    cursor.pause()
    add("vKQ")
    cursor.resume()
    expect(read()).toBe(`${"P".repeat(11)}<v>KQ`)
  })

  test("and whose publisher was replaced meanwhile enters the new stream at its beginning", () => {
    const { add, join, log } = harness()
    const { cursor, read } = join()
    add("vKP")
    read()
    cursor.pause()
    log.reset()
    add("v")
    cursor.resume()
    expect(read()).toBe("")
    add("KP")
    expect(read()).toBe("<v>KP")
  })
})

test("one that leaves takes the rest of its message with it", () => {
  const { add, join, projection } = harness()
  const { cursor, read } = join()
  add("vK")
  read()
  add("P", maxFlushBytes + 10)
  projection.sync()
  cursor.next()
  expect(cursor.leave()?.length).toBe(11)
  expect([cursor.next(), cursor.isBehind]).toEqual([undefined, false])
})
