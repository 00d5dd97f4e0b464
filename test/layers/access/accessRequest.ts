/** A request as a protocol makes it. */
import type { AccessRequest } from "../../../src/services/Authorizer.ts"
import type { Session } from "../../../src/services/Sessions.ts"

export const accessRequest = (address = "10.0.0.1", fields: Partial<AccessRequest> = {}): AccessRequest => {
  const counters = {
    bytesIn: () => 0,
    bytesOut: () => 0,
    framesIn: 0,
    framesOut: 0,
    framesDropped: 0,
    jumps: 0,
    viewer: undefined
  }
  const facts = { type: "", stream: undefined, role: "", tcUrl: "", pageUrl: "", swfUrl: "" } as const
  const session: Session = {
    id: "s",
    protocol: "rtmp",
    address,
    connected: true,
    openedAt: 0,
    ...facts,
    counters,
    kicked: undefined
  }
  const stream = { vhost: "__defaultVhost__", app: "live", stream: "a" }
  return { session, stream, param: "", tcUrl: "", pageUrl: "", ...fields }
}
