/** Addresses of this machine in SRS's order, which `stats.network` counts from 0. */

export interface LocalAddress {
  readonly address: string
  readonly family: string
  /** Loopback. */
  readonly internal: boolean
}

/** IPv4 before IPv6; loopback only where there is nothing else. */
export const localAddresses = (all: ReadonlyArray<LocalAddress>): ReadonlyArray<string> => {
  const others = all.filter(({ internal }) => !internal)
  const counted = others.length > 0 ? others : all
  const of = (family: string) => counted.filter((local) => local.family === family).map(({ address }) => address)
  return [...of("IPv4"), ...of("IPv6")]
}
