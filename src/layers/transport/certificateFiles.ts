/** Keys and certificates in PEM files. */
import * as crypto from "node:crypto"
import * as Fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Certificates } from "../../services/Certificates.ts"
import { type TlsFiles, TransportFailed } from "../../services/Transport.ts"
import { type TlsText, tlsOver } from "./TlsOver.ts"

const failed = (endpoint: string) => (error: unknown) =>
  new TransportFailed({ action: "tls", endpoint, reason: error instanceof Error ? error.message : String(error) })

export const readTls = (files: TlsFiles): Effect.Effect<TlsText, TransportFailed> => {
  const read = (path: string) => Effect.try({ try: () => Fs.readFileSync(path), catch: failed(path) })
  return Effect.all({ key: read(files.key), cert: read(files.cert) })
}

/** Not all runtimes notice at listening that the two do not belong together. */
const mustMatch = ({ cert, key }: TlsText): void => {
  const spki = { type: "spki", format: "der" } as const
  const ofKey = crypto.createPublicKey(crypto.createPrivateKey(key)).export(spki)
  if (!ofKey.equals(new crypto.X509Certificate(cert).publicKey.export(spki))) {
    throw new Error("the certificate is not that of the key")
  }
}

const contents = (files: TlsFiles): Effect.Effect<string, TransportFailed> =>
  Effect.flatMap(readTls(files), (text) =>
    Effect.try({
      try: () => {
        mustMatch(text)
        return crypto.createHash("sha256").update(text.key).update(text.cert).digest("hex")
      },
      catch: failed(files.cert)
    })
  )

const server = (files: TlsFiles) =>
  Effect.flatMap(readTls(files), (text) => Effect.try({ try: () => tlsOver(text), catch: failed(files.cert) }))

export const layer = Layer.succeed(Certificates, { contents, server })
