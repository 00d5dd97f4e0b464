/**
 * The client's side of the RTMP handshake (RTMP 1.0 §5.2), simple or complex. C2 is sent as soon as S1 is there, as
 * librtmp does, because some servers wait for it before S2. S1's digest decides how C2 is made, and nothing that the
 * server signed is ever refused: nginx-rtmp and others answer a complex C1 in the simple way.
 */
import * as Result from "effect/Result"
import {
  findDigest,
  type HandshakeKind,
  type HandshakeStep,
  makeDigestAnswer,
  makeDigestPacket,
  makeSimplePacket,
  MalformedHandshake,
  packetBytes,
  version
} from "./handshake.ts"

/** C1's version, as SRS sends it. */
const softwareVersion = 0x80000702

const nothing = new Uint8Array(0)

export class ClientHandshake {
  readonly #random: Uint8Array
  readonly #nowMillis: number
  readonly #mode: "simple" | "complex"
  /** What has arrived of S0 and S1. */
  readonly #received = new Uint8Array(1 + packetBytes)
  #receivedBytes = 0
  #s2Left = packetBytes
  #kind: HandshakeKind | undefined

  /** `random`: 3072 bytes or more, fresh for each handshake. */
  constructor(options: {
    readonly random: Uint8Array
    readonly nowMillis: number
    readonly mode: "simple" | "complex"
  }) {
    this.#random = options.random
    this.#nowMillis = options.nowMillis
    this.#mode = options.mode
  }

  /** C0 and C1. */
  start(): Uint8Array {
    const bytes = new Uint8Array(1 + packetBytes)
    bytes[0] = version
    bytes.set(
      this.#mode === "simple"
        ? makeSimplePacket(this.#nowMillis, this.#random)
        : makeDigestPacket(this.#nowMillis, softwareVersion, this.#random, 1, "client"),
      1
    )
    return bytes
  }

  push(bytes: Uint8Array): Result.Result<HandshakeStep, MalformedHandshake> {
    const taken = Math.min(bytes.length, this.#received.length - this.#receivedBytes)
    this.#received.set(bytes.subarray(0, taken), this.#receivedBytes)
    this.#receivedBytes += taken
    if (this.#receivedBytes > 0 && this.#received[0] !== version) {
      return Result.fail(new MalformedHandshake({ code: 2000, reason: `version ${this.#received[0]}, not plain RTMP` }))
    }
    const answered = this.#kind !== undefined
    const reply = answered || this.#receivedBytes < this.#received.length ? undefined : this.#answer()
    const s2 = Math.min(this.#s2Left, bytes.length - taken)
    this.#s2Left -= s2
    const done = this.#s2Left === 0
    return Result.succeed({
      done,
      reply,
      rest: done ? bytes.subarray(taken + s2) : nothing,
      proxyAddress: undefined,
      kind: this.#kind
    })
  }

  /** C2: signed if this side asked for it and S1 has a digest, else a copy of S1. */
  #answer(): Uint8Array {
    const s1 = this.#received.subarray(1)
    for (const schema of this.#mode === "complex" ? ([1, 0] as const) : []) {
      const digest = findDigest(s1, schema, "server")
      if (digest === undefined) continue
      this.#kind = schema === 0 ? "complex0" : "complex1"
      return makeDigestAnswer(digest, this.#random, "client")
    }
    this.#kind = "simple"
    return s1.slice()
  }
}
