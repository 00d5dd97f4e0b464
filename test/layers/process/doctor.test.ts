import { expect } from "bun:test"
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { doctor } from "../../../src/layers/process/doctor.ts"
import { effect } from "../../support/effect.ts"

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
const certificate = `-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUf/agyzI5uIxcVFIPTeh6ZYb26yEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA5NDQzMloYDzIxMjYxMDI4
MDk0NDMyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATVSseinHakKh6An/OU9tbYHxw2RhG66mOioP/opBGdveXJ7BvKJFgr
+jjYBHSH1FnGj/dyi1FOoomAEkr2xJLGo1MwUTAdBgNVHQ4EFgQU3jSQHfxHxVob
iI7HpqEB8OlUXw0wHwYDVR0jBBgwFoAU3jSQHfxHxVobiI7HpqEB8OlUXw0wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAhBeGz9YQ765Nqb+Fuu9Q
q4WSeqWOlB/Y3hzhlLiNPxUCIQDonHxoa6Sqi7zP9ZqJZLSXlF7LYntDK7xGrOo1
cfSEXQ==
-----END CERTIFICATE-----
`
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCrDwvjDH8J5tq0pc
rKyOp17HFVRZCz3ZEGvL9IwjURWhRANCAATVSseinHakKh6An/OU9tbYHxw2RhG6
6mOioP/opBGdveXJ7BvKJFgr+jjYBHSH1FnGj/dyi1FOoomAEkr2xJLG
-----END PRIVATE KEY-----
`

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "sluice-doctor-"))),
  (name) => Effect.sync(() => fs.rmSync(name, { recursive: true }))
)

/** A port of this machine that is in use. */
const usedPort = Effect.map(
  Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ),
  (server) => (server.address() as net.AddressInfo).port
)

effect("the doctor tries the ports", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2030, 0, 1))
    const port = yield* usedPort
    const findings = yield* doctor({
      ports: [
        { name: "rtmp", host: "127.0.0.1", port, transport: "tcp" },
        { name: "srt", host: "127.0.0.1", port, transport: "udp" },
        { name: "api", host: "192.0.2.1", port, transport: "tcp" }
      ],
      maxConnections: 1,
      certificates: []
    })
    expect(findings.map((finding) => finding.state)).toEqual(["failure", "ok", "failure", "ok", "ok"])
  })
)

effect("the doctor reads certificates and keys", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2030, 0, 1))
    const folder = yield* directory
    const file = (name: string, text: string) => {
      const where = path.join(folder, name)
      fs.writeFileSync(where, text)
      return where
    }
    const certPath = file("server.crt", certificate)
    const other = crypto.generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey
    const findings = yield* doctor({
      ports: [],
      maxConnections: 1,
      certificates: [
        { name: "good", certPath, keyPath: file("server.key", key) },
        {
          name: "other key",
          certPath,
          keyPath: file("other.key", String(other.export({ type: "pkcs8", format: "pem" })))
        },
        { name: "no key", certPath, keyPath: path.join(folder, "missing.key") },
        { name: "no certificate", certPath: file("empty.crt", ""), keyPath: file("server.key", key) }
      ]
    })
    const [good, mismatch, missing, empty] = findings.slice(-4)
    expect(good).toMatchObject({ state: "ok", text: expect.stringMatching(/valid until 2126-10-28$/) })
    expect(mismatch!.text).toContain("does not belong to the key")
    expect(missing!.text).toContain("ENOENT")
    expect(empty!.state).toBe("failure")
  })
)
