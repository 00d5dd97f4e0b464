/** What FFmpeg, librtmp, rtmpdump and GStreamer wrote (test/fixtures/rtmp), against what ffprobe says was in it. */
import { describe, expect, test } from "bun:test"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Result from "effect/Result"
import { decodeAll } from "../../../src/domain/amf/Amf0.ts"
import { AmfObject, type AmfValue } from "../../../src/domain/amf/AmfValue.ts"
import { ServerHandshake } from "../../../src/domain/rtmp/ServerHandshake.ts"
import { bytesOneByOne, cutAtRandom, hex, readPieces, type Received, seeded } from "./chunkBytes.ts"

const fixture = (name: string): Buffer =>
  fs.readFileSync(path.resolve(import.meta.dirname, "../../fixtures/rtmp", name))

const afterHandshake = (name: string): { readonly kind: string | undefined; readonly chunks: Uint8Array } => {
  const handshake = new ServerHandshake({ random: new Uint8Array(3072), nowMillis: 0 })
  const step = Result.getOrThrow(handshake.push(fixture(`${name}.bin`)))
  return { kind: step.kind, chunks: step.rest }
}

const messagesOf = (name: string): ReadonlyArray<Received> => {
  const { code, messages } = readPieces([afterHandshake(name).chunks])
  expect(code).toBeUndefined()
  return messages
}

const amf = (message: Received): ReadonlyArray<AmfValue> => Result.getOrThrow(decodeAll(hex(message.body)))

const commandsOf = (name: string): ReadonlyArray<ReadonlyArray<AmfValue>> =>
  messagesOf(name)
    .filter(({ type }) => type === 20)
    .map(amf)

interface Packet {
  readonly kind: string
  readonly dts: number
  readonly pts: number
  readonly size: number
  readonly keyframe: boolean
}

const probed = (name: string): ReadonlyArray<Packet> =>
  (
    JSON.parse(fixture(`${name}.json`).toString()) as {
      readonly packets: ReadonlyArray<{ codec_type: string; dts: number; pts: number; size: string; flags: string }>
    }
  ).packets.map(({ codec_type, dts, flags, pts, size }) => ({
    kind: codec_type,
    dts,
    pts,
    size: Number(size),
    keyframe: codec_type === "video" && flags.startsWith("K")
  }))

/** Pictures and AAC frames as a demuxer sees them: without the codec headers and the 5 or 2 bytes of the FLV body. */
const packetsOf = (messages: ReadonlyArray<Received>): ReadonlyArray<Packet> =>
  messages.flatMap(({ body, timestamp, type }) => {
    const bytes = hex(body)
    const media = (type === 9 && bytes.length > 5) || (type === 8 && bytes.length > 2)
    if (!media || bytes[1] !== 1) return []
    const offset = type === 9 ? (bytes[2] << 16) | (bytes[3] << 8) | bytes[4] : 0
    return [
      {
        kind: type === 9 ? "video" : "audio",
        dts: timestamp,
        pts: timestamp + offset,
        size: bytes.length - (type === 9 ? 5 : 2),
        keyframe: type === 9 && bytes[0] >> 4 === 1
      }
    ]
  })

/** Bodies of the audio and video tags of an FLV file (Adobe FLV 10.1 §E.4.1): header 9, back pointers 4, tags 11. */
const flvBodies = (name: string): ReadonlyArray<string> => {
  const file = fixture(name)
  const bodies: Array<string> = []
  for (let at = 13; at < file.length;) {
    const end = at + 11 + file.readUIntBE(at + 1, 3)
    if (file[at] !== 18) bodies.push(file.toString("hex", at + 11, end))
    at = end + 4
  }
  return bodies
}

const publishers = [
  ["ffmpeg", "content", "complex1"],
  ["ffmpegSmallChunks", "content", "complex1"],
  ["ffmpegLate", "late", "complex1"],
  ["librtmp", "content", "simple"],
  ["librtmpLate", "late", "simple"]
] as const

describe("captured publishers", () => {
  for (const [name, content, kind] of publishers) {
    test(`${name}: what was sent is what ffprobe sees in the file`, () => {
      expect(afterHandshake(name).kind).toBe(kind)
      const messages = messagesOf(name)
      expect(packetsOf(messages)).toEqual(probed(content))
      const bodies = messages.filter(({ type }) => type === 8 || type === 9).map(({ body }) => body)
      // The last tag of an FLV file, and FFmpeg's last message, ends the H.264 sequence.
      expect(bodies.filter((body) => body !== "1702000000")).toEqual(
        flvBodies(`${content}.flv`).filter((body) => !body.startsWith("1702"))
      )
    })

    test(`${name}: metadata names the codecs`, () => {
      const [first, second, metadata] = messagesOf(name)
        .filter(({ type }) => type === 18)
        .map(amf)[0]
      expect([first, second]).toEqual(["@setDataFrame", "onMetaData"])
      expect(metadata).toBeInstanceOf(AmfObject)
      const members = metadata as AmfObject
      expect([members.kind, members.get("width"), members.get("height")]).toEqual(["ecmaArray", 192, 108])
      expect([members.get("videocodecid"), members.get("audiocodecid")]).toEqual([7, 10])
    })
  }

  test("gstreamer: the same frames, times moved by the first pictures' decoding delay", () => {
    const delay = 133
    const messages = messagesOf("gstreamer")
    for (const kind of ["audio", "video"]) {
      const times = (packets: ReadonlyArray<Packet>) =>
        packets.filter((packet) => packet.kind === kind).map(({ dts, keyframe, size }) => [dts, size, keyframe])
      const expected = probed("content").map((packet) => ({ ...packet, dts: Math.max(0, packet.dts - delay) }))
      expect(times(packetsOf(messages))).toEqual(times(expected))
    }
  })

  test("say connect, then releaseStream, FCPublish, createStream and publish", () => {
    for (const name of ["ffmpeg", "librtmp", "gstreamer"]) {
      const commands = commandsOf(name)
      const names = commands.map(([command]) => command)
      expect(names.slice(0, 5)).toEqual(["connect", "releaseStream", "FCPublish", "createStream", "publish"])
      expect((commands[0][2] as AmfObject).get("app")).toBe("live")
      expect(String((commands[0][2] as AmfObject).get("tcUrl"))).toMatch(/^rtmp:\/\/127\.0\.0\.1:\d+\/live$/)
      expect(commands[4].slice(2)).toEqual([null, "stream", "live"])
    }
  })

  test("give the same messages byte by byte and cut at random", () => {
    const random = seeded(3)
    for (const [name] of [...publishers, ["gstreamer"]]) {
      const { chunks } = afterHandshake(name)
      const whole = readPieces([chunks])
      expect(readPieces(bytesOneByOne(chunks))).toEqual(whole)
      for (let i = 0; i < 5; i++) expect(readPieces(cutAtRandom(chunks, random, 1460))).toEqual(whole)
    }
  })

  test("librtmp without the extended timestamps in fmt 3, as OBS writes it, gives the same messages", () => {
    const { chunks } = afterHandshake("librtmpLate")
    const repeated = Buffer.from(hex("c4 0100004a"))
    const stripped: Array<Uint8Array> = []
    let from = 0
    for (let at = Buffer.from(chunks).indexOf(repeated); at >= 0; at = Buffer.from(chunks).indexOf(repeated, from)) {
      stripped.push(chunks.subarray(from, at + 1))
      from = at + repeated.length
    }
    stripped.push(chunks.subarray(from))
    expect(stripped.length).toBeGreaterThan(20)
    expect(readPieces([Buffer.concat(stripped)])).toEqual(readPieces([chunks]))
  })
})

describe("captured players", () => {
  const commandNames = (name: string) => commandsOf(name).map(([command]) => command)

  test("FFmpeg asks for the length, plays, and deletes the stream", () => {
    expect(afterHandshake("ffmpegPlay").kind).toBe("complex1")
    expect(commandNames("ffmpegPlay")).toEqual(["connect", "createStream", "getStreamLength", "play", "deleteStream"])
    expect(commandsOf("ffmpegPlay")[3]).toEqual(["play", 4, null, "stream", -2000])
  })

  test("rtmpdump subscribes and plays", () => {
    expect(commandNames("rtmpdumpPlay")).toEqual(["connect", "createStream", "FCSubscribe", "play", "deleteStream"])
    expect(commandsOf("rtmpdumpPlay")[3]).toEqual(["play", 4, null, "stream", -1000])
  })

  test("GStreamer plays with transaction id 0", () => {
    expect(commandNames("gstreamerPlay").slice(0, 3)).toEqual(["connect", "createStream", "play"])
    expect(commandsOf("gstreamerPlay")[2]).toEqual(["play", 0, null, "stream", -2])
  })
})
