import { expect, test } from "bun:test"
import { ChunkReader } from "../../../src/domain/rtmp/ChunkReader.ts"
import { protocolControl } from "../../../src/domain/rtmp/ControlReplies.ts"
import { RtmpPeer } from "../../../src/layers/rtmp/RtmpPeer.ts"
import { MemoryConnection } from "../../../src/layers/transport/Memory.ts"

test("what is sent together is one write, in order, each message with the chunk size in force", () => {
  const writes: Array<Uint8Array> = []
  const split = (bytes: Uint8Array) => {
    writes.push(bytes)
    return [bytes]
  }
  const [, server] = MemoryConnection.pair({ split }, 1935, "127.0.0.1:4711")
  const peer = new RtmpPeer(server, { receive: () => undefined })
  const acknowledge = (value: number) => protocolControl({ _tag: "Acknowledgement", value })
  peer.send(acknowledge(1))
  peer.together(() => {
    peer.send(acknowledge(2))
    peer.setChunkSize(60_000)
    // One within another.
    peer.sendAll([acknowledge(3), acknowledge(4)])
  })
  peer.sendAll([])
  expect(writes.length).toBe(2)
  const reader = new ChunkReader()
  const values: Array<number> = []
  for (const bytes of writes) {
    reader.push(bytes, {
      receive: ({ bytes, end }) => values.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(end - 4))
    })
  }
  expect(values).toEqual([1, 2, 60_000, 3, 4])
  expect(reader.chunkSize).toBe(60_000)
})
