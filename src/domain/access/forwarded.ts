/** Whose a request is, by what trusted proxies say of it. Whoever is not trusted is believed nothing. */
import { addressText, isInNetworks, type Network, parseAddress } from "./NetworkAddress.ts"

/** As some proxies write it: with a port, an IPv6 address then in brackets. */
const hopPattern = /^\[([^\]]*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/

const hopAddress = (hop: string): string | undefined => {
  const parts = hopPattern.exec(hop)
  const address = parseAddress(parts?.[1] ?? parts?.[2] ?? hop)
  return address === undefined ? undefined : addressText(address)
}

/**
 * The right-most address of `X-Forwarded-For` that no trusted proxy has: each proxy adds on the right where a request
 * came from, and what is left of an untrusted address may be made up. `X-Real-IP` counts where the former is missing.
 */
export const clientAddress = (
  peer: string,
  headers: ReadonlyMap<string, string>,
  trusted: ReadonlyArray<Network>
): string => {
  if (!isInNetworks(peer, trusted)) return peer
  const forwarded = headers.get("x-forwarded-for") || headers.get("x-real-ip") || ""
  let address = peer
  for (const hop of forwarded.split(",").toReversed()) {
    const before = hopAddress(hop.trim())
    if (before === undefined) return address
    address = before
    if (!isInNetworks(address, trusted)) return address
  }
  return address
}
