/** From a URL to a connected server: dial, handshake, connect, and the answers to its demand for a password. */
import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { AmfObject, type AmfValue } from "../../../domain/amf/AmfValue.ts"
import { isIpv4, isIpv6 } from "../../../domain/config/values.ts"
import { answerChallenge } from "../../../domain/rtmp/ClientAuthentication.ts"
import { ClientHandshake } from "../../../domain/rtmp/ClientHandshake.ts"
import type { ClientUrl } from "../../../domain/rtmp/ClientUrl.ts"
import type { Command } from "../../../domain/rtmp/Command.ts"
import { connectCall } from "../../../domain/rtmp/ConnectRequest.ts"
import { protocolControl } from "../../../domain/rtmp/ControlReplies.ts"
import { randomBytes as handshakeRandomBytes } from "../../../domain/rtmp/handshake.ts"
import {
  type ClientOptions,
  type RtmpRefused,
  RtmpFailed,
  RtmpUnauthorized,
  type ServerInfo
} from "../../../services/RtmpClient.ts"
import type { Connection, Transport } from "../../../services/Transport.ts"
import { awaitResult } from "./serverAnswers.ts"
import { ServerChannel } from "./ServerChannel.ts"

/** Without credentials, with the user's name, with the answer. */
const maxAttempts = 3
/** SRS's: the server acknowledges after so many bytes. */
const windowBytes = 2_500_000

export const defaultTimeoutMillis = 10_000

export interface Server {
  readonly channel: ServerChannel
  readonly info: ServerInfo
}

const shakeHands = Effect.fnUntraced(function* (url: string, connection: Connection, mode: "simple" | "complex") {
  const nowMillis = yield* Clock.currentTimeMillis
  const handshake = new ClientHandshake({ random: randomBytes(handshakeRandomBytes), nowMillis, mode })
  connection.write(handshake.start())
  while (true) {
    const step = handshake.push(yield* connection.read)
    if (Result.isFailure(step)) return yield* Effect.fail(new RtmpFailed({ url, reason: step.failure.message }))
    if (step.success.reply !== undefined) connection.write(step.success.reply)
    if (step.success.done) return connection.unread(step.success.rest)
  }
})

const membersOf = (value: AmfValue): ReadonlyMap<string, AmfValue> => (value instanceof AmfObject ? value : new Map())

const infoOf = (answer: Command): ServerInfo => ({
  properties: membersOf(answer.commandObject),
  information: membersOf(answer.args[0])
})

/** Server names are names: an address is not sent (RFC 6066 §3). */
const serverNameOf = (host: string): string => (isIpv4(host) || isIpv6(host) ? "" : host)

const connectOnce = Effect.fnUntraced(function* (
  transport: Transport["Service"],
  shownUrl: string,
  url: ClientUrl,
  options: ClientOptions,
  authentication: string
) {
  const connection = yield* transport.connect(options.endpoint ?? url, {
    timeoutMillis: options.timeoutMillis ?? defaultTimeoutMillis,
    tls: url.encrypted ? { serverName: serverNameOf(url.host), verify: options.verifyCertificate ?? true } : undefined
  })
  yield* shakeHands(shownUrl, connection, options.handshake ?? "complex")
  const channel = new ServerChannel(shownUrl, connection)
  const transactionId = channel.nextTransactionId()
  channel.peer.send(
    connectCall(transactionId, {
      ...options,
      app: url.app + authentication,
      tcUrl: url.tcUrl + authentication,
      fields: options.connectFields,
      args: options.connectArgs
    })
  )
  channel.peer.send(protocolControl({ _tag: "WindowAcknowledgementSize", value: windowBytes }))
  return { channel, info: infoOf(yield* awaitResult(channel, transactionId)) }
})

/** What was opened closes as soon as the attempt has failed, not with the caller's scope. */
export const closedOnFailure = <A, E, R>(attempt: Effect.Effect<A, E, R | Scope.Scope>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope)
    return yield* attempt.pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
  })

export const openServer = Effect.fnUntraced(function* (
  transport: Transport["Service"],
  shownUrl: string,
  url: ClientUrl,
  options: ClientOptions
) {
  let authentication = ""
  for (let attempt = 1; ; attempt++) {
    const outcome = yield* closedOnFailure(connectOnce(transport, shownUrl, url, options, authentication)).pipe(
      Effect.map((server): Server | RtmpRefused => server),
      Effect.catchTag("RtmpRefused", Effect.succeed)
    )
    if ("channel" in outcome) return outcome
    const answer = answerChallenge(outcome.description, url, randomBytes(4).toString("hex"))
    if (answer === undefined) return yield* Effect.fail(outcome)
    if (Result.isFailure(answer) || attempt === maxAttempts) {
      const reason = Result.isFailure(answer) ? answer.failure.message : outcome.description
      return yield* Effect.fail(new RtmpUnauthorized({ url: shownUrl, reason }))
    }
    authentication = answer.success
  }
})
