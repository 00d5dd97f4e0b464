/**
 * Reads of many sockets, once in a period for all of them, past the runtime's event loop.
 *
 * A publisher sends some 70 messages a second, each in a packet of its own. Woken for each, a server with a thousand
 * publishers spends most of its time on being woken; asked once in 10 ms, the kernel gives what has come for all of them.
 */
import { type LinuxSockets, readBytes, type ReadinessPoll } from "./linuxSockets.ts"

/** A socket that is read here. */
export interface PolledSocket {
  readonly descriptor: number
  /** The bytes are lent for the call. */
  readonly polled: (bytes: Uint8Array) => void
  /** The peer has closed, or the socket is broken. */
  readonly pollEnded: () => void
}

/** A longer period is cut into phases of about this length, so that not all sockets are read in one go. */
const phaseMillis = 10
/** Reads of one socket in a row; what is left then waits for the next period. */
const maxReads = 8

/** The sockets of one phase. */
class Phase {
  readonly #sockets: LinuxSockets
  readonly #poll: ReadinessPoll
  readonly #members = new Map<number, PolledSocket>()

  constructor(sockets: LinuxSockets) {
    this.#sockets = sockets
    this.#poll = sockets.poll()
  }

  get size(): number {
    return this.#members.size
  }

  add(socket: PolledSocket): void {
    this.#members.set(socket.descriptor, socket)
    this.#poll.add(socket.descriptor)
  }

  remove(socket: PolledSocket): void {
    if (this.#members.get(socket.descriptor) !== socket) return
    this.#members.delete(socket.descriptor)
    this.#poll.remove(socket.descriptor)
  }

  close(): void {
    this.#poll.close()
  }

  read(): void {
    if (this.#members.size > 0) this.#poll.ready(this.#onReady)
  }

  readonly #onReady = (descriptor: number, failed: boolean): void => {
    const socket = this.#members.get(descriptor)
    if (socket === undefined) return
    for (let reads = 0; reads < maxReads; reads++) {
      const length = this.#sockets.receive(descriptor)
      if (length > 0) socket.polled(this.#sockets.arrived.subarray(0, length))
      else if (length === 0 || failed) return socket.pollEnded()
      // A short read has emptied the socket; what it brought may have ended this reading.
      if (length < readBytes || this.#members.get(descriptor) !== socket) return
    }
  }
}

/** The sockets of one period. */
class Period {
  readonly #phases: ReadonlyArray<Phase>
  readonly #timer: ReturnType<typeof setInterval>
  #next = 0

  constructor(sockets: LinuxSockets, millis: number) {
    const phases = Math.max(1, Math.round(millis / phaseMillis))
    this.#phases = Array.from({ length: phases }, () => new Phase(sockets))
    this.#timer = setInterval(this.#tick, millis / phases)
  }

  get isEmpty(): boolean {
    return this.#phases.every(({ size }) => size === 0)
  }

  /** The return value takes it out again. */
  add(socket: PolledSocket): () => void {
    const phase = this.#phases.reduce((least, other) => (other.size < least.size ? other : least))
    phase.add(socket)
    return () => phase.remove(socket)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const phase of this.#phases) phase.close()
  }

  readonly #tick = (): void => {
    this.#next = (this.#next + 1) % this.#phases.length
    this.#phases[this.#next].read()
  }
}

/** By milliseconds: as many as the configuration has values of `mr_latency` and `mw_latency`, while somebody is read. */
const periods = new Map<number, Period>()

/** Reads the socket once in a period from now on; the return value ends that. Its descriptor must stay open as long. */
export const readPolled = (sockets: LinuxSockets, periodMillis: number, socket: PolledSocket): (() => void) => {
  const period = periods.get(periodMillis) ?? new Period(sockets, periodMillis)
  periods.set(periodMillis, period)
  const remove = period.add(socket)
  return () => {
    remove()
    if (!period.isEmpty || periods.get(periodMillis) !== period) return
    periods.delete(periodMillis)
    period.close()
  }
}
