/** `sluice doctor`: what would keep this server from serving, told in words. Judges facts; gathers none. */

export interface PortFact {
  /** What listens there: `rtmp`, `http_server` … */
  readonly name: string
  /** As in the configuration; empty for all addresses. */
  readonly host: string
  readonly port: number
  readonly transport: "tcp" | "udp"
  /** The system's word for why it cannot be bound (`EADDRINUSE` …); undefined if it can. */
  readonly error: string | undefined
}

export interface CertificateFact {
  readonly name: string
  readonly certPath: string
  readonly keyPath: string
  /** Why one of the two cannot be read; then the rest is unknown. */
  readonly error: string | undefined
  readonly validFromMillis: number
  readonly validToMillis: number
  /** Whether the key is that of the certificate. */
  readonly matches: boolean
}

export interface DoctorFacts {
  /** Milliseconds of the epoch. */
  readonly nowMillis: number
  readonly ports: ReadonlyArray<PortFact>
  readonly maxConnections: number
  /** Files and sockets this process may open; undefined where the system does not say. */
  readonly descriptors: number | undefined
  readonly certificates: ReadonlyArray<CertificateFact>
}

export interface Finding {
  readonly state: "ok" | "warning" | "failure"
  readonly text: string
}

/** Files and sockets besides connections, as SRS counts them. */
export const reservedDescriptors = 128
/** A certificate that ends within this time is worth a warning. */
export const expiryWarningMillis = 14 * 86_400_000
/** No sound clock shows a time before this server was written. */
export const earliestMillis = Date.UTC(2026, 0, 1)

const ok = (text: string): Finding => ({ state: "ok", text })
const warning = (text: string): Finding => ({ state: "warning", text })
const failure = (text: string): Finding => ({ state: "failure", text })

export const diagnose = (facts: DoctorFacts): ReadonlyArray<Finding> => [
  ...facts.ports.map(portFinding),
  descriptorFinding(facts),
  clockFinding(facts.nowMillis),
  ...facts.certificates.map((fact) => certificateFinding(fact, facts.nowMillis))
]

/** One line a finding, and one that sums up. Ends with a line feed. */
export const doctorReport = (findings: ReadonlyArray<Finding>): string => {
  const failures = findings.filter((finding) => finding.state === "failure").length
  const sum = failures === 0 ? "ready to serve" : `${failures} of ${findings.length} checks failed`
  return [...findings.map(({ state, text }) => `${state.padEnd(8)} ${text}`), sum, ""].join("\n")
}

const bindAdvice = new Map([
  ["EADDRINUSE", "another process listens there: end it, or listen elsewhere"],
  ["EACCES", "this user may not bind it: use a port from 1024 up, or give the runtime cap_net_bind_service"],
  ["EADDRNOTAVAIL", "no interface of this machine has that address"],
  ["EAFNOSUPPORT", "this machine has no such kind of address (IPv6 switched off?)"]
])

const portFinding = ({ error, host, name, port, transport }: PortFact): Finding => {
  const where = `${transport} port ${port}${host === "" ? "" : ` of ${host}`} (${name})`
  return error === undefined ? ok(`${where} is free`) : failure(`${where}: ${bindAdvice.get(error) ?? error}`)
}

const descriptorFinding = ({ descriptors, maxConnections }: DoctorFacts): Finding => {
  if (descriptors === undefined) return warning("the limit of open files is not known on this system")
  const needed = maxConnections + reservedDescriptors
  return needed < descriptors
    ? ok(`max_connections ${maxConnections} fits the limit of ${descriptors} open files`)
    : failure(
        `max_connections ${maxConnections} needs more than ${needed} open files, the limit is ${descriptors}: ` +
          "raise it (ulimit -n, LimitNOFILE) or lower max_connections"
      )
}

const clockFinding = (nowMillis: number): Finding => {
  const time = new Date(nowMillis).toISOString()
  return nowMillis >= earliestMillis
    ? ok(`the clock shows ${time}`)
    : failure(`the clock shows ${time}: set it (NTP), or certificates and playlists are wrong`)
}

const day = (millis: number) => new Date(millis).toISOString().slice(0, 10)

const certificateFinding = (fact: CertificateFact, nowMillis: number): Finding => {
  const name = `certificate ${fact.certPath} (${fact.name})`
  if (fact.error !== undefined) return failure(`${name}: ${fact.error}`)
  if (!fact.matches) return failure(`${name} does not belong to the key ${fact.keyPath}`)
  if (nowMillis < fact.validFromMillis) return failure(`${name} is not valid before ${day(fact.validFromMillis)}`)
  if (nowMillis > fact.validToMillis) return failure(`${name} has expired on ${day(fact.validToMillis)}: renew it`)
  return nowMillis > fact.validToMillis - expiryWarningMillis
    ? warning(`${name} expires on ${day(fact.validToMillis)}`)
    : ok(`${name} is valid until ${day(fact.validToMillis)}`)
}
