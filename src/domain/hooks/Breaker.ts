/**
 * Protects callers from a server that does not answer: after some failures in a row nobody calls it for a while, then one
 * caller tries. Times are milliseconds of any clock that does not go back.
 */

/** Failures in a row that open it. */
export const failuresToOpen = 5
/** How long it stays open, the first time; each further time doubles it. */
export const openMillis = 5000
export const maxOpenMillis = 60_000

export class Breaker {
  #failures = 0
  #openUntil = 0
  #openMillis = openMillis
  #isOpen = false
  #isProbing = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** In a row, up to now. */
  get failures(): number {
    return this.#failures
  }

  /** How long nobody may call; 0 when somebody may. */
  waitMillis(now: number): number {
    if (!this.#isOpen) return 0
    if (now < this.#openUntil) return this.#openUntil - now
    return this.#isProbing ? openMillis : 0
  }

  /** Takes leave to call; each `true` must be followed by one of the three below. */
  admit(now: number): boolean {
    if (this.waitMillis(now) > 0) return false
    this.#isProbing = this.#isOpen
    return true
  }

  /** True if this closes it. */
  succeeded(): boolean {
    const wasOpen = this.#isOpen
    this.#failures = 0
    this.#isOpen = false
    this.#isProbing = false
    this.#openMillis = openMillis
    return wasOpen
  }

  /** True if this opens it, or keeps it open. */
  failed(now: number): boolean {
    this.#failures++
    if (this.#isOpen && !this.#isProbing) return false
    if (this.#failures < failuresToOpen) return false
    this.#isOpen = true
    this.#isProbing = false
    this.#openUntil = now + this.#openMillis
    this.#openMillis = Math.min(this.#openMillis * 2, maxOpenMillis)
    return true
  }

  /** The caller has gone before it knew. */
  abandoned(): void {
    this.#isProbing = false
  }
}
