/** A bare TCP connection that says something, counts what it gets, and tells what has happened to it. */
import { connect, type Socket } from "node:net"

export class RawClient {
  readonly socket: Socket
  /** The server's system has taken it. */
  readonly connected: Promise<void>
  readonly closed: Promise<void>
  isClosed = false
  received = 0
  #waiting: Array<{ readonly bytes: number; readonly resolve: () => void; readonly reject: (error: Error) => void }> =
    []

  constructor(port: number, says: string | Uint8Array = "") {
    this.socket = connect({ host: "127.0.0.1", port })
    this.connected = new Promise((resolve) =>
      this.socket.once("connect", () => {
        if (says.length > 0) this.socket.write(says)
        resolve()
      })
    )
    this.closed = new Promise((resolve) =>
      this.socket.once("close", () => {
        this.isClosed = true
        for (const { bytes, reject } of this.#waiting)
          reject(new Error(`closed after ${this.received} of ${bytes} bytes`))
        resolve()
      })
    )
    this.socket.on("error", () => undefined)
    this.socket.on("data", ({ length }) => {
      this.received += length
      this.#waiting = this.#waiting.filter(({ bytes, resolve }) => {
        if (this.received < bytes) return true
        resolve()
        return false
      })
    })
  }

  /** `address:port` as the server sees it. */
  get address(): string {
    return `127.0.0.1:${this.socket.localPort}`
  }

  /** Waits until it has got so many bytes in all. */
  has(bytes: number): Promise<void> {
    if (this.received >= bytes) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ bytes, resolve, reject }))
  }

  leave(): void {
    this.socket.destroy()
  }
}

/** Waits until so many of them are closed. */
export const closedOf = (clients: ReadonlyArray<RawClient>, count: number): Promise<void> =>
  new Promise((resolve) => {
    let closed = 0
    for (const client of clients) {
      void client.closed.then(() => {
        if (++closed === count) resolve()
      })
    }
  })
