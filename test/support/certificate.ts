/** A self-signed certificate for localhost, in files that last as long as it is used. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Program, words } from "./program.ts"

export interface CertificateFiles {
  readonly key: string
  readonly cert: string
}

export const withCertificate = async (body: (files: CertificateFiles) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "sluice-tls-"))
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")]
    const request = words("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost")
    await using openssl = new Program([...request, "-keyout", key, "-out", cert])
    await openssl.succeeded()
    await body({ key, cert })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Environment that makes `http_server` listen with it too. */
export const httpsEnvironment = (port: number, { cert, key }: CertificateFiles): Record<string, string> => ({
  SRS_HTTP_SERVER_HTTPS_ENABLED: "on",
  SRS_HTTP_SERVER_HTTPS_LISTEN: String(port),
  SRS_HTTP_SERVER_HTTPS_KEY: key,
  SRS_HTTP_SERVER_HTTPS_CERT: cert
})
