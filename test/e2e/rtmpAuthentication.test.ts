/** FFmpeg answers the same challenge with the same words. */
import { expect, test } from "bun:test"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { AmfObject } from "../../src/domain/amf/AmfValue.ts"
import { answerChallenge } from "../../src/domain/rtmp/ClientAuthentication.ts"
import { connectRejected } from "../../src/domain/rtmp/Replies.ts"
import { queryValue, splitQuery } from "../../src/domain/rtmp/UrlText.ts"
import * as Tcp from "../../src/layers/transport/Tcp.ts"
import { Transport } from "../../src/services/Transport.ts"
import { Program, words } from "../support/program.ts"
import { scriptedRtmp } from "../support/scriptedRtmp.ts"

/** The apps with which FFmpeg connects, challenged by these descriptions and at last refused. */
const appsOfFfmpeg = (app: string, descriptions: ReadonlyArray<string>): Promise<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const apps: Array<string> = []
    const server = scriptedRtmp({
      onCommand: ({ name, command }, peer) => {
        if (name !== "connect") return
        apps.push((command.commandObject as AmfObject).get("app") as string)
        peer.send(connectRejected(command.transactionId, descriptions[apps.length - 1]))
      }
    })
    const port = yield* transport.listen({ host: "127.0.0.1", port: 0 }, {}, server)
    const source = words("-f lavfi -i anullsrc -t 1 -c:a aac -f flv")
    const url = `rtmp://joe:secret@127.0.0.1:${port}/${app}/cam`
    yield* Effect.promise(() => new Program(["ffmpeg", "-nostdin", ...source, url]).exited)
    return apps
  }).pipe(Effect.scoped, Effect.provide(Tcp.layer), Effect.runPromise)

const failed = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed"
const needAuth = (scheme: string) => `[ AccessManager.Reject ] : [ code=403 need auth; authmod=${scheme} ] :`
const challenge = (scheme: string, query: string) =>
  `[ AccessManager.Reject ] : [ authmod=${scheme} ] : ?reason=needauth&user=joe&${query}`

const cases: ReadonlyArray<readonly [string, string, string, string, string]> = [
  ["Adobe", "live", "adobe", "salt=Zm9v&challenge=abcd1234&opaque=b3BhcXVl", "challenge"],
  ["Adobe without opaque", "live", "adobe", "salt=Zm9v&challenge=abcd1234", "challenge"],
  ["Limelight", "live", "llnw", "nonce=0123456789abcdef", "cnonce"],
  ["Limelight with an app of two parts", "live/inst", "llnw", "nonce=0123456789abcdef", "cnonce"]
]

test.each(cases)(
  "%s",
  async (_name, app, scheme, query, nonceKey) => {
    const descriptions = [needAuth(scheme), challenge(scheme, query), failed.replace("adobe", scheme)]
    const apps = await appsOfFfmpeg(app, descriptions)
    const credentials = { user: "joe", password: "secret", app }
    const answers = apps.slice(1).map((answered, index) => {
      const nonce = queryValue(splitQuery(answered)[1], nonceKey)
      const answer = answerChallenge(descriptions[index], credentials, nonce)
      return app + (answer === undefined ? "" : Result.getOrThrow(answer))
    })
    expect(apps[0]).toBe(app)
    expect(answers.length).toBe(2)
    expect(answers).toEqual(apps.slice(1))
  },
  20_000
)
