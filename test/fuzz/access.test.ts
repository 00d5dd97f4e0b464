/** What a client shows to be let in: signatures, names and passwords, addresses. None that was made up opens anything. */
import * as Result from "effect/Result"
import { readBasic, readLogin } from "../../src/domain/access/Accounts.ts"
import { compileRules, denialOf } from "../../src/domain/access/AddressRules.ts"
import { challengeOf, isRightAnswer, readAnswer } from "../../src/domain/access/AdobeChallenge.ts"
import { clientAddress } from "../../src/domain/access/forwarded.ts"
import { addressText, parseAddress, parseNetwork } from "../../src/domain/access/NetworkAddress.ts"
import { isLalSecret, isSignedStream, signStream } from "../../src/domain/access/signedUrl.ts"
import { parseStoredSecret } from "../../src/domain/access/StoredSecret.ts"
import { apiAccess } from "../../src/domain/api/access.ts"
import { parseQuery } from "../../src/domain/http/query.ts"
import { maxHeaderBytes, readProxyHeader } from "../../src/domain/proxy/ProxyHeader.ts"
import { answerChallenge } from "../../src/domain/rtmp/ClientAuthentication.ts"
import { fuzz } from "./fuzz.ts"
import { bytesOf, textOf } from "./seeds.ts"

const stream = { vhost: "__defaultVhost__", app: "live", stream: "cam" }
const now = 1_700_000_000
const expires = now + 60
const signed = signStream("s3cret", "play", stream, expires)

fuzz({
  name: "signed URLs",
  seeds: bytesOf([
    signed,
    `${signed}&token=1`,
    "?lal_secret=700997e1595a06c9ffa60ebef79105b0",
    "?expires=1700000060&sign="
  ]),
  run: (input) => {
    const values = parseQuery(textOf(input))
    const isSame = `?expires=${values.get("expires")}&sign=${values.get("sign")?.toLowerCase()}` === signed
    if (isSignedStream("s3cret", "play", stream, values, now) !== isSame)
      throw new Error("a signature that is not ours")
    isLalSecret("key", stream, values)
    readLogin(textOf(input))
  }
})

const auth = { enabled: true, username: "admin", password: "p:w" }
const basic = (login: string): string => `Basic ${Buffer.from(login).toString("base64")}`

fuzz({
  name: "logins in headers",
  seeds: bytesOf([basic("admin:pw"), basic("joe:a:b:c"), basic(""), 'Digest username="a", nonce="b"', "Bearer abc"]),
  run: (input) => {
    const authorization = textOf(input)
    const caller = { address: "10.0.0.1", headers: new Map([["authorization", authorization]]), mutating: true }
    // A password with a colon cannot be told by Basic as SRS reads it.
    if (apiAccess(auth, caller) === "granted") throw new Error("let in")
    const login = readBasic(authorization)
    if (login?.user.includes(":") === true) throw new Error("a name with a colon")
  }
})

const key = new Uint8Array(32).fill(3)
const challenge = challengeOf(key, "joe", "salt", now)
const stored = parseStoredSecret("$adobe$joe$salt$5eb63bbbe01eeed093cb22bb8f5acdc3")
const opaque = /opaque=([^&\]]*)/.exec(challenge)?.[1] ?? ""

fuzz({
  name: "Adobe's challenges and answers",
  seeds: bytesOf([
    challenge,
    `?authmod=adobe&user=joe&challenge=1234abcd&response=bm9uZSBvZiBvdXJzIQ==&opaque=${opaque}`,
    "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=joe&nonce=abc : "
  ]),
  run: (input) => {
    const text = textOf(input)
    const answer = readAnswer(text)
    if (answer !== undefined && stored?._tag === "Adobe" && isRightAnswer(key, stored, answer, now)) {
      throw new Error("a right answer without the password")
    }
    answerChallenge(text, { app: "live", user: "joe", password: "p" }, "1234abcd")
  }
})

fuzz({
  name: "stored secrets",
  seeds: bytesOf([
    "$adobe$joe$salt$5eb63bbbe01eeed093cb22bb8f5acdc3",
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI"
  ]),
  run: (input) => void parseStoredSecret(textOf(input))
})

const rules = compileRules({
  allow: [
    ["publish", "10.0.0.0/8"],
    ["play", "all"]
  ],
  deny: [["play", "2001:db8::/32"]]
} as unknown as Parameters<typeof compileRules>[0])
const trusted = ["10.0.0.0/8", "::1"].flatMap((text) => parseNetwork(text) ?? [])

fuzz({
  name: "addresses",
  seeds: bytesOf(["10.1.2.3", "::ffff:1.2.3.4", "2001:db8::1, [::1]:80, 10.0.0.1:5", "fe80::1%eth0", "10.0.0.0/8"]),
  run: (input) => {
    const text = textOf(input)
    const address = parseAddress(text)
    if (address !== undefined) {
      const again = parseAddress(addressText(address))
      if (again === undefined || Buffer.compare(address, again) !== 0) throw new Error(`${text} is not itself again`)
    }
    const network = parseNetwork(text)
    if (network !== undefined && network.bits > network.bytes.length * 8) throw new Error("a prefix that is too long")
    denialOf(rules, "publish", text)
    clientAddress("10.0.0.1", new Map([["x-forwarded-for", text]]), trusted)
  }
})

const proxyHeaders = [
  "50524f585920544350342031302e302e302e3120312e322e332e342031303030302038300d0a0300",
  "0d0a0d0a000d0a515549540a2111000c0a00000101020304271000500300",
  "0d0a0d0a000d0a515549540a20000000",
  `0d0a0d0a000d0a515549540a2121002f${"20010db8000000000000000000000001".repeat(2)}27100050030004a1b2c3d40400021111`
].map((hex) => Buffer.from(hex, "hex"))

fuzz({
  name: "PROXY headers",
  seeds: proxyHeaders,
  run: (input) => {
    const header = readProxyHeader(input)
    if (Result.isFailure(header) || header.success === undefined) return
    const { client, length } = header.success
    if (length > input.length || length > maxHeaderBytes) throw new Error(`a header of ${length} bytes`)
    if (client !== undefined && parseAddress(client.replace(/:\d+$/, "").replace(/^\[|\]$/g, "")) === undefined) {
      throw new Error(`the client ${client}`)
    }
  }
})
