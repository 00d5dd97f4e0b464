import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import {
  challengeLifetimeSeconds,
  challengeOf,
  isRightAnswer,
  needsAuthentication,
  readAnswer
} from "../../../src/domain/access/AdobeChallenge.ts"
import { parseStoredSecret } from "../../../src/domain/access/StoredSecret.ts"
import { answerChallenge } from "../../../src/domain/rtmp/ClientAuthentication.ts"

const key = new Uint8Array(32).fill(7)
const stored = parseStoredSecret("$adobe$SALT1234$VuW0kq7gFB5LOYjhfQMivQ==")
if (stored?._tag !== "Adobe") throw new Error("no hash")

/** What a client with this password says to the challenge of this moment. */
const answer = (password: string, now: number) => {
  const credentials = { user: "joe", password, app: "live" }
  const said = answerChallenge(challengeOf(key, "joe", "SALT1234", now), credentials, "0badcafe")
  const query = said === undefined ? "" : Result.getOrThrow(said)
  return readAnswer(query)!
}

test("the first refusal makes a client say who it is", () => {
  const said = answerChallenge(needsAuthentication, { user: "joe", password: "x", app: "live" }, "0badcafe")
  expect(said && Result.getOrThrow(said)).toBe("?authmod=adobe&user=joe")
  expect(readAnswer("authmod=adobe&user=joe")).toEqual({ user: "joe", challenge: "", response: "", opaque: "" })
  expect(readAnswer("?user=joe")).toBeUndefined()
})

test("the right password is right in time, and only for a challenge of this process", () => {
  const now = 1_700_000_000
  const right = answer("secret", now)
  expect(isRightAnswer(key, stored, right, now)).toBe(true)
  expect(isRightAnswer(key, stored, right, now + challengeLifetimeSeconds)).toBe(true)
  expect(isRightAnswer(key, stored, right, now + challengeLifetimeSeconds + 1)).toBe(false)
  expect(isRightAnswer(key, stored, right, now - 1)).toBe(false)
  expect(isRightAnswer(new Uint8Array(32), stored, right, now)).toBe(false)
  expect(isRightAnswer(key, stored, answer("Secret", now), now)).toBe(false)
  expect(isRightAnswer(key, stored, { ...right, user: "eve" }, now)).toBe(false)
  expect(isRightAnswer(key, stored, { ...right, challenge: "0badcaff" }, now)).toBe(false)
  expect(isRightAnswer(key, stored, { ...right, opaque: right.opaque.replace(/^1/, "2") }, now)).toBe(false)
  expect(isRightAnswer(key, stored, { ...right, opaque: "" }, now)).toBe(false)
  expect(isRightAnswer(key, stored, { ...right, response: "" }, now)).toBe(false)
})
