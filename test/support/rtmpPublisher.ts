/**
 * A publisher written from Adobe's RTMP 1.0 apart from the code under test, for what FFmpeg cannot send: timestamps over
 * all of their 32 bits, and a pace that the test sets. Every message starts with a full header (§5.3.1.2.1).
 */
import { connect, type Socket } from "node:net"
import type { Tag } from "./flvReader.ts"

const chunkSize = 1024
/** From here on a timestamp is in the extended field, which every chunk of the message then repeats (§5.3.1.3). */
const extended = 0xffffff

const number = (value: number) => {
  const bytes = Buffer.alloc(9)
  bytes.writeDoubleBE(value, 1)
  return bytes
}
const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)])
const string = (value: string) => Buffer.concat([Buffer.of(2), text(value)])
const nothing = Buffer.of(5)
const object = (fields: Readonly<Record<string, string>>) =>
  Buffer.concat([
    Buffer.of(3),
    ...Object.entries(fields).flatMap(([key, value]) => [text(key), string(value)]),
    Buffer.of(0, 0, 9)
  ])

const message = (chunkStream: number, type: number, stream: number, timestamp: number, body: Uint8Array): Buffer => {
  const time = timestamp >= extended ? extended : timestamp
  const header = Buffer.alloc(12)
  header[0] = chunkStream
  header.writeUIntBE(time, 1, 3)
  header.writeUIntBE(body.length, 4, 3)
  header[7] = type
  header.writeUInt32LE(stream, 8)
  const extension = Buffer.alloc(time === extended ? 4 : 0)
  if (time === extended) extension.writeUInt32BE(timestamp)
  const parts: Array<Uint8Array> = [header, extension, body.subarray(0, chunkSize)]
  for (let at = chunkSize; at < body.length; at += chunkSize) {
    parts.push(Buffer.of(0xc0 | chunkStream), extension, body.subarray(at, at + chunkSize))
  }
  return Buffer.concat(parts)
}

export class RtmpPublisher implements AsyncDisposable {
  readonly #socket: Socket
  readonly #stream = 1
  #received = Buffer.alloc(0)
  #wake: () => void = () => undefined
  #ended = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    socket.on("error", () => undefined)
    socket.on("close", () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** Connects and publishes; resolves when the server has said that it may start. */
  static async start(url: string): Promise<RtmpPublisher> {
    const { hostname, port, pathname } = new URL(url)
    const [app, name] = pathname.slice(1).split("/") as [string, string]
    const publisher = new RtmpPublisher(connect({ host: hostname, port: Number(port) }))
    await publisher.#handshake()
    publisher.#send(message(2, 1, 0, 0, Buffer.of(0, 0, chunkSize >> 8, chunkSize & 0xff)))
    const tcUrl = `rtmp://${hostname}:${port}/${app}`
    const facts = object({ app, type: "nonprivate", flashVer: "FMLE/3.0", tcUrl })
    publisher.#send(message(3, 20, 0, 0, Buffer.concat([string("connect"), number(1), facts])))
    await publisher.#heard("NetConnection.Connect.Success")
    publisher.#send(message(3, 20, 0, 0, Buffer.concat([string("createStream"), number(2), nothing])))
    const publish = [string("publish"), number(3), nothing, string(name), string("live")]
    publisher.#send(message(3, 20, publisher.#stream, 0, Buffer.concat(publish)))
    await publisher.#heard("NetStream.Publish.Start")
    return publisher
  }

  /** C0 C1, then, when S0 S1 S2 are here, C2 with what S1 said (§5.2). */
  async #handshake(): Promise<void> {
    this.#send(Buffer.concat([Buffer.of(3), Buffer.alloc(8), Buffer.alloc(1528, 0x5a)]))
    await this.#until(() => this.#received.length >= 3073, "the handshake")
    this.#send(this.#received.subarray(1, 1537))
    this.#received = this.#received.subarray(3073)
  }

  /** Sends tags with their times moved on by so many milliseconds, modulo 2^32. */
  send(tags: ReadonlyArray<Tag>, offsetMillis = 0): void {
    const messages = tags.map(({ body, timestamp, type }) =>
      message(type === 8 ? 4 : 6, type, this.#stream, (timestamp + offsetMillis) % 2 ** 32, body)
    )
    this.#send(Buffer.concat(messages))
  }

  /** The server has taken everything: what was sent lies in its socket's buffer or beyond. */
  async drained(): Promise<void> {
    if (this.#socket.writableLength > 0) await new Promise((resolve) => this.#socket.once("drain", resolve))
  }

  #send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  #heard(words: string): Promise<void> {
    return this.#until(() => this.#received.includes(words), words)
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      if (this.#ended) throw new Error(`the server closed the connection before ${what}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return
    const closed = new Promise((resolve) => this.#socket.once("close", resolve))
    this.#socket.end()
    await closed
  }
}
