/** Rates as SRS's API has them: averages over windows that follow one another, each kept until the next has ended. */

/** Bytes received and sent since some beginning. */
export interface Traffic {
  readonly bytesIn: number
  readonly bytesOut: number
}

/** One window. It ends at the first sample at or after its length; until the first has ended the rates are 0. */
export class Rate {
  readonly windowMillis: number
  /** Whole kilobits a second. */
  recvKbps = 0
  sendKbps = 0
  #since = -1
  #bytesIn = 0
  #bytesOut = 0

  constructor(windowMillis: number) {
    this.windowMillis = windowMillis
  }

  sample({ bytesIn, bytesOut }: Traffic, nowMillis: number): void {
    const millis = nowMillis - this.#since
    if (this.#since >= 0) {
      if (millis < this.windowMillis) return
      this.recvKbps = Math.trunc(((bytesIn - this.#bytesIn) * 8) / millis)
      this.sendKbps = Math.trunc(((bytesOut - this.#bytesOut) * 8) / millis)
    }
    this.#since = nowMillis
    this.#bytesIn = bytesIn
    this.#bytesOut = bytesOut
  }
}

/** Frames a second, as a rate is counted. */
export class FrameRate {
  readonly windowMillis: number
  perSecond = 0
  #since = -1
  #frames = 0

  constructor(windowMillis: number) {
    this.windowMillis = windowMillis
  }

  sample(frames: number, nowMillis: number): void {
    const millis = nowMillis - this.#since
    if (this.#since >= 0) {
      if (millis < this.windowMillis) return
      this.perSecond = ((frames - this.#frames) * 1000) / millis
    }
    this.#since = nowMillis
    this.#frames = frames
  }
}

/** The windows of everything that is counted. */
export class Rates {
  readonly seconds10 = new Rate(10_000)
  readonly seconds30 = new Rate(30_000)
  readonly minutes5 = new Rate(300_000)

  sample(traffic: Traffic, nowMillis: number): void {
    this.seconds10.sample(traffic, nowMillis)
    this.seconds30.sample(traffic, nowMillis)
    this.minutes5.sample(traffic, nowMillis)
  }
}
