/**
 * The kernel's own calls on a socket's descriptor, from Bun on Linux by `bun:ffi`. Bun accepts, closes and waits for
 * room; the bytes of media go past its event loop. What that is worth stands in docs/performance.md.
 */
import { type CCalls, openCLibrary } from "../native/cLibrary.ts"

/** sys/socket.h: never wait, and no signal for a peer that has left. */
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** sys/epoll.h. */
const EPOLL_CLOEXEC = 0o2000000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLLIN = 0x001
const EPOLLERR = 0x008
const EPOLLHUP = 0x010

/** `struct epoll_event` in 32-bit words: packed on x86-64 alone. The descriptor is in the lower half of its data. */
const eventWords = process.arch === "x64" ? 3 : 4
const descriptorWord = process.arch === "x64" ? 1 : 2
/** More than so many ready descriptors are told at the next call. */
const maxEvents = 1024
/** One read brings at most this much. */
export const readBytes = 65_536

const signatures = {
  send: { args: ["i32", "buffer", "usize", "i32"], returns: "i32" },
  recv: { args: ["i32", "buffer", "usize", "i32"], returns: "i32" },
  epoll_create1: { args: ["i32"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "buffer"], returns: "i32" },
  epoll_wait: { args: ["i32", "buffer", "i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" }
} as const

type Calls = CCalls<typeof signatures>

/** Descriptors that are asked together whether they have something to read. Level triggered; a closed one is gone. */
export class ReadinessPoll {
  readonly #calls: Calls
  readonly #poller: number
  readonly #events = new Int32Array(eventWords * maxEvents)

  constructor(calls: Calls) {
    this.#calls = calls
    this.#poller = calls.epoll_create1(EPOLL_CLOEXEC)
  }

  add(descriptor: number): void {
    this.#control(EPOLL_CTL_ADD, descriptor)
  }

  remove(descriptor: number): void {
    this.#control(EPOLL_CTL_DEL, descriptor)
  }

  #control(operation: number, descriptor: number): void {
    const event = new Int32Array(eventWords)
    event[0] = EPOLLIN
    event[descriptorWord] = descriptor
    this.#calls.epoll_ctl(this.#poller, operation, descriptor, event)
  }

  close(): void {
    this.#calls.close(this.#poller)
  }

  /** Calls `onReady` with each that has; `failed` where the socket is broken. Never waits. */
  ready(onReady: (descriptor: number, failed: boolean) => void): void {
    const events = this.#events
    const count = this.#calls.epoll_wait(this.#poller, events, maxEvents, 0)
    for (let at = 0; at < count * eventWords; at += eventWords) {
      onReady(events[at + descriptorWord], (events[at] & (EPOLLERR | EPOLLHUP)) !== 0)
    }
  }
}

export class LinuxSockets {
  readonly #calls: Calls
  /** What `receive` fills: the next call overwrites it. */
  readonly arrived = new Uint8Array(readBytes)

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** Bytes that the kernel took; 0 also where the socket has failed. Never waits. */
  send(descriptor: number, bytes: Uint8Array): number {
    return Math.max(0, this.#calls.send(descriptor, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL))
  }

  /** Bytes now at the beginning of `arrived`; 0 at the peer's end, -1 where there is nothing. Never waits. */
  receive(descriptor: number): number {
    return this.#calls.recv(descriptor, this.arrived, readBytes, MSG_DONTWAIT)
  }

  poll(): ReadinessPoll {
    return new ReadinessPoll(this.#calls)
  }
}

const open = (): LinuxSockets | undefined => {
  const calls = openCLibrary(signatures)
  return calls && new LinuxSockets(calls)
}

let opened: { readonly sockets: LinuxSockets | undefined } | undefined

/** `undefined` on another runtime or system. Opened at the first call: that takes 10 ms. */
export const linuxSockets = (): LinuxSockets | undefined => (opened ??= { sockets: open() }).sockets
