/**
 * The server's side of the RTMP handshake (RTMP 1.0 §5.2), simple or complex as the client's C1 decides, behind an
 * optional proxy header. S0, S1 and S2 are answered at once when C1 is complete; C2 is read and never verified, because
 * FFmpeg sends a plain copy of S1 after a C1 with digest.
 */
import * as Result from "effect/Result"
import { concat, readUint16, readUint32 } from "../bytes/bytes.ts"
import {
  findDigest,
  type HandshakeKind,
  type HandshakeStep,
  makeDigestAnswer,
  makeDigestPacket,
  makeSimplePacket,
  MalformedHandshake,
  packetBytes,
  type Schema,
  version
} from "./handshake.ts"
import { maxProxyHeaderBytes } from "./limits.ts"

/**
 * First byte of the header that a go-oryx RTMP proxy puts in front:
 *
 *     0xF3 | length 2 | client's IPv4 address 4 | ignored, length - 4
 */
const proxyMark = 0xf3
const proxyFixedBytes = 3

/** S1's version: below 3.0.0.0, so that no client checks the digests, as with SRS. */
const softwareVersion = 0x01000504

const nothing = new Uint8Array(0)

/** C0 and C1, behind a header of a proxy. */
const maxReceivedBytes = proxyFixedBytes + maxProxyHeaderBytes + 1 + packetBytes

/** Where C0 is. While the proxy header's length has not arrived, any place that was not received yet. */
const proxyHeaderBytes = (received: Uint8Array): number => {
  if (received.length === 0 || received[0] !== proxyMark) return 0
  return proxyFixedBytes + (received.length < proxyFixedBytes ? 0 : readUint16(received, 1))
}

/** None where a C1 with digest has its version, and the simple form zero (§5.2.3). */
const digestSchemas = (c1: Uint8Array): ReadonlyArray<Schema> => (readUint32(c1, 4) === 0 ? [] : [0, 1])

export class ServerHandshake {
  readonly #random: Uint8Array
  readonly #nowMillis: number
  /** Of proxy header, C0 and C1, while they are not complete. */
  #held = nothing
  #c2Left = packetBytes
  #proxyAddress: string | undefined
  #kind: HandshakeKind | undefined

  /** `random`: 3072 bytes or more, fresh for each handshake. */
  constructor(options: { readonly random: Uint8Array; readonly nowMillis: number }) {
    this.#random = options.random
    this.#nowMillis = options.nowMillis
  }

  push(bytes: Uint8Array): Result.Result<HandshakeStep, MalformedHandshake> {
    if (this.#kind !== undefined) return Result.succeed(this.#step(undefined, bytes))
    const before = this.#held.length
    const received = before === 0 ? bytes : concat([this.#held, bytes.subarray(0, maxReceivedBytes - before)])
    const c0 = proxyHeaderBytes(received)
    if (c0 > proxyFixedBytes + maxProxyHeaderBytes) {
      return Result.fail(new MalformedHandshake({ code: 2054, reason: `proxy header of ${c0} bytes` }))
    }
    const end = c0 + 1 + packetBytes
    if (received.length < end) {
      this.#held = new Uint8Array(received)
      return Result.succeed(this.#step(undefined, nothing))
    }
    this.#held = nothing
    if (c0 >= proxyFixedBytes + 4) this.#proxyAddress = received.subarray(3, 7).join(".")
    const reply = this.#answer(received[c0], received.subarray(c0 + 1, end))
    if (this.#kind === undefined) {
      return Result.fail(new MalformedHandshake({ code: 2000, reason: `version ${received[c0]}, not plain RTMP` }))
    }
    return Result.succeed(this.#step(reply, bytes.subarray(end - before)))
  }

  /** S0, S1 and S2. Leaves `#kind` undefined when the client is refused. */
  #answer(c0: number, c1: Uint8Array): Uint8Array {
    const reply = new Uint8Array(1 + 2 * packetBytes)
    reply[0] = version
    for (const schema of digestSchemas(c1)) {
      const digest = findDigest(c1, schema, "client")
      if (digest === undefined) continue
      this.#kind = schema === 0 ? "complex0" : "complex1"
      reply.set(makeDigestPacket(this.#nowMillis, softwareVersion, this.#random, schema, "server"), 1)
      reply.set(makeDigestAnswer(digest, this.#random, "server"), 1 + packetBytes)
      return reply
    }
    if (c0 !== version) return nothing
    this.#kind = "simple"
    reply.set(makeSimplePacket(this.#nowMillis, this.#random), 1)
    reply.set(c1, 1 + packetBytes)
    return reply
  }

  #step(reply: Uint8Array | undefined, bytes: Uint8Array): HandshakeStep {
    const taken = Math.min(this.#kind === undefined ? 0 : this.#c2Left, bytes.length)
    this.#c2Left -= taken
    const done = this.#c2Left === 0
    return {
      done,
      reply,
      rest: done ? bytes.subarray(taken) : nothing,
      proxyAddress: this.#proxyAddress,
      kind: this.#kind
    }
  }
}
