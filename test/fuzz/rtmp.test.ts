/** All that an RTMP peer can send. */
import * as Result from "effect/Result"
import { decodeAll, decodeAmf3Message, encodeAll } from "../../src/domain/amf/Amf0.ts"
import { AmfObject } from "../../src/domain/amf/AmfValue.ts"
import { readCapabilities } from "../../src/domain/flv/Capabilities.ts"
import { readMetadata } from "../../src/domain/flv/Metadata.ts"
import { Kind } from "../../src/domain/media/MediaFrame.ts"
import * as Aggregate from "../../src/domain/rtmp/Aggregate.ts"
import { ChunkReader } from "../../src/domain/rtmp/ChunkReader.ts"
import { ClientHandshake } from "../../src/domain/rtmp/ClientHandshake.ts"
import { decodeCommand, MessageType } from "../../src/domain/rtmp/Command.ts"
import { CommandDialogue } from "../../src/domain/rtmp/CommandDialogue.ts"
import { readConnect } from "../../src/domain/rtmp/ConnectRequest.ts"
import * as ControlMessage from "../../src/domain/rtmp/ControlMessage.ts"
import { maxPartialMessages, maxSharedPayloadBytes, maxSlabBytes } from "../../src/domain/rtmp/limits.ts"
import { RtmpIngest } from "../../src/domain/rtmp/RtmpIngest.ts"
import { ServerHandshake } from "../../src/domain/rtmp/ServerHandshake.ts"
import * as UserControl from "../../src/domain/rtmp/UserControl.ts"
import { randomOf } from "../domain/config/random.ts"
import { bodiesOf, chunks, handshakes, messages, tagBodies } from "./captured.ts"
import { fuzz } from "./fuzz.ts"

const random = new Uint8Array(3072).fill(7)
const pieces = randomOf(1)

/** Hands the input over in one to five pieces. */
const inPieces = (input: Uint8Array, push: (piece: Uint8Array) => void): void => {
  let at = 0
  for (let left = 1 + pieces(5); left > 0; left--) {
    const end = left === 1 ? input.length : at + pieces(input.length - at + 1)
    push(input.subarray(at, end))
    at = end
  }
}

fuzz({
  name: "handshake of a client",
  seeds: handshakes,
  run: (input) => {
    const machine = new ServerHandshake({ random, nowMillis: 0 })
    inPieces(input, (piece) => machine.push(piece))
  }
})

fuzz({
  name: "handshake of a server",
  seeds: handshakes,
  run: (input) => {
    const machine = new ClientHandshake({ random, nowMillis: 0, mode: input.length % 2 === 0 ? "simple" : "complex" })
    machine.start()
    inPieces(input, (piece) => machine.push(piece))
  }
})

fuzz({
  name: "chunks",
  seeds: chunks,
  // Room for each message that has begun, and the slab that they share.
  allocates: maxPartialMessages * maxSharedPayloadBytes + maxSlabBytes,
  run: (input) => {
    const reader = new ChunkReader()
    let bytes = 0
    inPieces(input, (piece) => {
      reader.push(piece, { receive: ({ end, start }) => (bytes += end - start) })
    })
    if (bytes > input.length) throw new Error(`${bytes} bytes of messages from ${input.length}`)
  }
})

fuzz({ name: "AMF0", seeds: [...bodiesOf(20, 18), ...tagBodies(18)], run: (input) => void decodeAll(input) })

fuzz({
  name: "AMF3",
  seeds: bodiesOf(20, 18).flatMap((body) => [
    Buffer.concat([Buffer.of(0), body]),
    Buffer.from("11 0a 0b 01 09 63 6f 64 65 06 0f 61 62 63 64 65 66 67 03 63 04 82 2c 01".replaceAll(" ", ""), "hex"),
    Buffer.from(
      "11 09 05 01 05 3f f0 00 00 00 00 00 00 0c 05 aa bb 08 01 42 00 00 00 00 00 00 00".replaceAll(" ", ""),
      "hex"
    )
  ]),
  run: (input) => void decodeAmf3Message(input)
})

const dialogue = new CommandDialogue()

fuzz({
  name: "commands",
  seeds: bodiesOf(20),
  run: (bytes) => {
    const type = bytes.length % 4 === 0 ? MessageType.CommandAmf3 : MessageType.CommandAmf0
    const command = decodeCommand({ type, bytes, start: 0, end: bytes.length })
    if (Result.isFailure(command)) return
    const connect = readConnect(command.success)
    if (Result.isSuccess(connect)) readCapabilities(connect.success.fields)
    const { events, replies } = dialogue.accept(command.success, pieces(4))
    if (events.length + replies.length > 100) throw new Error("too much follows from one command")
  }
})

fuzz({
  name: "metadata",
  seeds: [...bodiesOf(18), ...tagBodies(18)],
  run: (input) => {
    const values = decodeAll(input)
    if (Result.isFailure(values)) return
    const metadata = readMetadata(values.success, "sluice", "7.0.0")
    if (metadata !== undefined) encodeAll(metadata.values)
    for (const value of values.success) if (value instanceof AmfObject) readCapabilities(value)
  }
})

const controls = ["00000080", "7fffffff", "0000000102", "00000000"].map((hex) => Buffer.from(hex, "hex"))

fuzz({
  name: "control messages",
  seeds: [...bodiesOf(1, 2, 3, 5, 6), ...controls],
  run: (input) => void ControlMessage.decode(input.length % 8, input)
})

const events = ["000000000001", "0003000000010000ea60", "000600001234", "001a01"].map((hex) => Buffer.from(hex, "hex"))

fuzz({ name: "user control", seeds: [...bodiesOf(4), ...events], run: (input) => void UserControl.decode(input) })

/** FLV tags behind each other, as Flash Media Encoder packs them. */
const aggregate = (count: number): Uint8Array =>
  Buffer.concat(
    messages.slice(0, count).map(({ body, type }) => {
      const header = Buffer.alloc(11)
      header[0] = type
      header.writeUIntBE(body.length, 1, 3)
      const back = Buffer.alloc(4)
      back.writeUInt32BE(body.length + 11)
      return Buffer.concat([header, body, back])
    })
  )

fuzz({
  name: "aggregates",
  seeds: [1, 3, 5, 9].map(aggregate),
  run: (bytes) => {
    let length = 0
    const message = { type: Aggregate.typeId, timestamp: 1, streamId: 1, bytes, start: 0, end: bytes.length }
    const chunkStreamId = 4
    Aggregate.split({ ...message, chunkStreamId } as Parameters<typeof Aggregate.split>[0], ({ end, start }) => {
      length += end - start
    })
    if (length > bytes.length) throw new Error(`${length} bytes of messages from ${bytes.length}`)
  }
})

const types = [Kind.Audio, Kind.Video, Kind.Data, MessageType.DataAmf3, Aggregate.typeId]

fuzz({
  name: "messages of a publisher",
  seeds: [...bodiesOf(8, 9, 18), ...tagBodies(8), ...tagBodies(9)],
  run: (bytes) => {
    const ingest = new RtmpIngest(
      (frame) => {
        if (frame.end > frame.bytes.length || frame.start > frame.end) throw new Error("a frame outside of its bytes")
      },
      "sluice",
      "7.0.0"
    )
    for (const type of types) {
      const message = { type, timestamp: 1, streamId: 1, chunkStreamId: 4, bytes, start: 0, end: bytes.length }
      ingest.push(message as Parameters<typeof ingest.push>[0])
    }
  }
})
