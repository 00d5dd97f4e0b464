/** Gathers the facts that `sluice doctor` judges. */
import * as crypto from "node:crypto"
import * as dgram from "node:dgram"
import * as fs from "node:fs"
import * as net from "node:net"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type CertificateFact, diagnose, type PortFact } from "../../domain/process/doctor.ts"
import { descriptorLimit } from "./environment.ts"

export interface DoctorRequest {
  /** Everything the configuration listens on. */
  readonly ports: ReadonlyArray<Omit<PortFact, "error">>
  readonly maxConnections: number
  readonly certificates: ReadonlyArray<{ readonly name: string; readonly certPath: string; readonly keyPath: string }>
}

export const doctor = Effect.fnUntraced(function* (request: DoctorRequest) {
  return diagnose({
    nowMillis: yield* Clock.currentTimeMillis,
    // One after the other: two that ask for the same port would else find each other.
    ports: yield* Effect.forEach(request.ports, portFact),
    maxConnections: request.maxConnections,
    descriptors: yield* descriptorLimit,
    certificates: yield* Effect.forEach(request.certificates, certificateFact)
  })
})

const portFact = (asked: Omit<PortFact, "error">): Effect.Effect<PortFact> =>
  Effect.map(asked.transport === "tcp" ? bindTcp(asked) : bindUdp(asked), (error) => ({ ...asked, error }))

/** The error code of an attempt to listen, undefined if it went well. */
const bindTcp = ({ host, port }: Omit<PortFact, "error">): Effect.Effect<string | undefined> =>
  Effect.callback((resume) => {
    const server = net.createServer()
    server.once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)))
    const listening = () => server.close(() => resume(Effect.succeed(undefined)))
    if (host === "") server.listen(port, listening)
    else server.listen(port, host, listening)
  })

const bindUdp = ({ host, port }: Omit<PortFact, "error">): Effect.Effect<string | undefined> =>
  Effect.callback((resume) => {
    const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4")
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close()
      resume(Effect.succeed(error.code ?? error.message))
    })
    socket.bind(port, host === "" ? "0.0.0.0" : host, () => socket.close(() => resume(Effect.succeed(undefined))))
  })

const certificateFact = (files: DoctorRequest["certificates"][number]): Effect.Effect<CertificateFact> =>
  Effect.try(() => {
    const certificate = new crypto.X509Certificate(fs.readFileSync(files.certPath))
    const key = crypto.createPublicKey(crypto.createPrivateKey(fs.readFileSync(files.keyPath)))
    const spki = { type: "spki", format: "der" } as const
    return {
      ...files,
      error: undefined,
      validFromMillis: Date.parse(certificate.validFrom),
      validToMillis: Date.parse(certificate.validTo),
      matches: key.export(spki).equals(certificate.publicKey.export(spki))
    }
  }).pipe(
    Effect.catch(({ cause }) =>
      Effect.succeed({
        ...files,
        error: cause instanceof Error ? cause.message : String(cause),
        validFromMillis: 0,
        validToMillis: 0,
        matches: false
      })
    )
  )
