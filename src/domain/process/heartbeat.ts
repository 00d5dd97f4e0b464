/** What `heartbeat` reports to a manager, in SRS's words and order (callbacks.md 7). */
import { type JsonObject, printJson } from "../api/Json.ts"
import { anyHost, type Endpoint } from "../config/values.ts"

export interface HeartbeatFacts {
  readonly deviceId: string
  readonly ip: string
  readonly server: string
  readonly service: string
  readonly pid: number
  /** The `data` of the API's summaries, if they are wanted. */
  readonly summaries: JsonObject | undefined
  /** Endpoints by protocol, if they are wanted. */
  readonly ports: Readonly<Record<string, ReadonlyArray<Endpoint>>> | undefined
}

/** As a configuration has it. */
const endpointText = ({ host, port }: Endpoint): string => {
  if (host === "" || host === anyHost) return String(port)
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
}

export const heartbeatBody = (facts: HeartbeatFacts): string => {
  const { deviceId, ip, pid, ports = {}, server, service, summaries } = facts
  return printJson({
    device_id: deviceId,
    ip,
    server,
    service,
    pid: String(pid),
    ...(summaries === undefined ? {} : { summaries: { data: summaries } }),
    ...Object.fromEntries(Object.entries(ports).map(([name, endpoints]) => [name, endpoints.map(endpointText)]))
  })
}
