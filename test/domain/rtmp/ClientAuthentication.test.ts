import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { answerChallenge } from "../../../src/domain/rtmp/ClientAuthentication.ts"

const joe = { user: "joe", password: "secret", app: "live" }
const nonce = "0badcafe"

test("a refusal for another reason is none of its business", () => {
  expect(answerChallenge("", joe, nonce)).toBeUndefined()
  expect(answerChallenge("no such application", joe, nonce)).toBeUndefined()
})

test.each([
  ["adobe", "?authmod=adobe&user=joe"],
  ["llnw", "?authmod=llnw&user=joe"]
])("says who it is when %s is asked for", (scheme, answer) => {
  const description = `[ AccessManager.Reject ] : [ code=403 need auth; authmod=${scheme} ] :`
  expect(answerChallenge(description, joe, nonce)).toEqual(Result.succeed(answer))
})

/** What FFmpeg 5.1 answered; test/e2e/rtmpAuthentication.test.ts asks it anew. */
test.each([
  [
    "live",
    "adobe",
    "salt=Zm9v&challenge=abcd1234&opaque=b3BhcXVl",
    "b5aa48b3",
    "?authmod=adobe&user=joe&challenge=b5aa48b3&response=7YxBNohprydYqrOszhns3g==&opaque=b3BhcXVl"
  ],
  [
    "live",
    "adobe",
    "salt=Zm9v&challenge=abcd1234",
    "2ca7e8bf",
    "?authmod=adobe&user=joe&challenge=2ca7e8bf&response=dX3fLL4Eyk+dPFB2lJKzqg=="
  ],
  [
    "live",
    "llnw",
    "nonce=0123456789abcdef",
    "4ec38bd9",
    "?authmod=llnw&user=joe&nonce=0123456789abcdef&cnonce=4ec38bd9&nc=00000001&response=27ad2f3804a650996e9f590a7e1b467e"
  ],
  [
    "live/inst",
    "llnw",
    "nonce=0123456789abcdef",
    "6fa2f74e",
    "?authmod=llnw&user=joe&nonce=0123456789abcdef&cnonce=6fa2f74e&nc=00000001&response=3955eb88b197caf5aabf97fe032a47d7"
  ]
])("app %s, scheme %s: answers %s as FFmpeg does", (app, scheme, query, nonce, expected) => {
  const description = `[ AccessManager.Reject ] : [ authmod=${scheme} ] : ?reason=needauth&user=joe&${query} :`
  expect(answerChallenge(description, { ...joe, app }, nonce)).toEqual(Result.succeed(expected))
})

test.each([
  ["[ code=403 need auth; authmod=adobe ]", { ...joe, user: "" }, /has none/],
  ["[ authmod=adobe ] : ?reason=authfailed&opaque=x", joe, /wrong user or password/],
  ["[ authmod=llnw ] : ?reason=nosuchuser", joe, /no such user/],
  ["[ authmod=kerberos ] : code=403 need auth", joe, /kerberos/],
  ["[ authmod=adobe ]", joe, /refused/]
])("gives up at %s", (description, credentials, reason) => {
  const answer = answerChallenge(description, credentials, nonce)
  expect(answer === undefined ? undefined : Result.getOrThrow(Result.flip(answer)).message).toMatch(reason)
})
