import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { randomOf } from "../../domain/config/random.ts"
import { effect } from "../../support/effect.ts"
import { makeRecorder } from "../telemetry/recorder.ts"
import { type Client, harness, message, tick } from "./memoryClient.ts"

type Random = ReturnType<typeof randomOf>

const noise = (random: Random, most: number) => Buffer.from(Array.from({ length: random(most) }, () => random(256)))

/** Commands as clients send them, with a few bytes changed. */
const mutated = (random: Random): Buffer => {
  const name = ["connect", "createStream", "publish", "play", "pause", "closeStream", "deleteStream"][random(7)]
  const command = Buffer.concat([
    Buffer.of(2, 0, name.length),
    Buffer.from(name),
    Buffer.from([0, 0x40, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0, 1, 0x61])
  ])
  const body = random(2) === 0 ? command : noise(random, 400)
  const type = [20, 17, 18, 15, 8, 9, 22, 1, 3, 4, 5, 6, 99][random(13)]
  const bytes = message([2, 3, 4, 6, 8][random(5)], type, random(3), random(2 ** 24), body)
  for (let flips = random(3); flips > 0; flips--) bytes[random(bytes.length)] = random(256)
  return bytes
}

/** Says something that no client should, in any state that a client can be in. */
const misbehave = (client: Client, random: Random): void => {
  const state = random(5)
  if (state > 0) client.shakeHands()
  if (state > 1) client.call(0, "connect", 1, { app: "live", tcUrl: "rtmp://localhost/live" })
  if (state > 2) client.call(0, "createStream", 2, null)
  if (state === 3) client.call(1, "publish", 3, null, `bad${random(3)}`)
  if (state === 4) client.call(1, "play", 3, null, "good")
  for (let count = 1 + random(6); count > 0; count--)
    client.send(random(4) === 0 ? noise(random, 3000) : mutated(random))
}

effect("whatever clients send, nobody else is harmed, nothing is left, and nothing of it is a defect", () => {
  const recorder = makeRecorder()
  return Effect.gen(function* () {
    const { open, player, publisher, sessions } = yield* harness()
    const good = yield* publisher("good")
    const viewer = yield* player("good")
    for (let seed = 1; seed <= 1000; seed++) {
      const random = randomOf(seed)
      yield* Effect.scoped(
        Effect.gen(function* () {
          misbehave(yield* open, random)
          if (random(4) > 0) yield* tick
        })
      )
      good.media(1, seed * 40)
      yield* TestClock.adjust(40)
    }
    yield* TestClock.adjust(400)
    expect(viewer.played.length).toBe(4000)
    expect([good.closed, viewer.closed, sessions.all().size]).toEqual([false, false, 2])
    expect(recorder.lines.filter(({ level }) => level === "Error" || level === "Fatal")).toEqual([])
  }).pipe(recorder.provide)
})
