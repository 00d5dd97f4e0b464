/** Failed attempts by address: too many, and the address has to wait. Bounded. */

/** Addresses that are remembered; the one that failed longest ago is forgotten first. */
export const maxAddresses = 10_000
/** How long a failure counts. */
export const failureMillis = 60_000

interface Failed {
  count: number
  /** Of the first one that counts. */
  since: number
}

export class Failures {
  readonly #byAddress = new Map<string, Failed>()

  /** At most `limit` failures are free within `failureMillis`; 0 is no limit. */
  isBlocked(address: string, limit: number, now: number): boolean {
    const failed = this.#byAddress.get(address)
    if (limit === 0 || failed === undefined) return false
    if (now - failed.since < failureMillis) return failed.count >= limit
    this.#byAddress.delete(address)
    return false
  }

  add(address: string, now: number): void {
    const known = this.#byAddress.get(address)
    const failed = known !== undefined && now - known.since < failureMillis ? known : { count: 0, since: now }
    failed.count++
    this.#byAddress.delete(address)
    this.#byAddress.set(address, failed)
    if (this.#byAddress.size <= maxAddresses) return
    for (const oldest of this.#byAddress.keys()) return void this.#byAddress.delete(oldest)
  }

  get size(): number {
    return this.#byAddress.size
  }
}
