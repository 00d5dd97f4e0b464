/**
 * How often a stream was forwarded on its way: told with connect, so that one which comes back under ever other names
 * goes round no more than so often. Servers of others pass it on without that, and take no harm.
 */
import type { AmfValue } from "../amf/AmfValue.ts"

/** A stream that came here by so many forwards is forwarded no further. */
export const maxHops = 8

const member = "forwardHops"

/** Members of connect's command object. */
export const hopsMember = (hops: number): readonly [string, AmfValue] => [member, hops]

/** 0 for a stream that comes from an encoder, or from anybody who does not say. */
export const readHops = (fields: ReadonlyMap<string, AmfValue>): number => {
  const hops = fields.get(member)
  return typeof hops === "number" && hops > 0 ? Math.min(Math.floor(hops), maxHops) : 0
}
