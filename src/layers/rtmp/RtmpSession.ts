/** One RTMP client from accept to close. Reads top to bottom like the protocol: handshake, connect, then its streams. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { readCapabilities, serverCapabilities } from "../../domain/flv/Capabilities.ts"
import { readHops } from "../../domain/forward/hops.ts"
import { compatibleVersion, signature } from "../../domain/Product.ts"
import type { Command } from "../../domain/rtmp/Command.ts"
import { type ConnectRequest, readConnect } from "../../domain/rtmp/ConnectRequest.ts"
import { protocolControl } from "../../domain/rtmp/ControlReplies.ts"
import { randomFrom } from "../../domain/rtmp/handshake.ts"
import { connectRejected, connectResult, onBWDone, type ServerSignature } from "../../domain/rtmp/Replies.ts"
import { parseRequestUrl, parseTcUrl, type RequestUrl, streamNameOf } from "../../domain/rtmp/RequestUrl.ts"
import { ServerHandshake } from "../../domain/rtmp/ServerHandshake.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { Refused } from "../../services/Authorizer.ts"
import type { Session } from "../../services/Sessions.ts"
import { type Connection, ConnectionClosed, type Reader } from "../../services/Transport.ts"
import { spanAround, spanOf } from "../telemetry/held.ts"
import { logFacts } from "../telemetry/logFacts.ts"
import { CurrentSession } from "../telemetry/session.ts"
import { VhostNotFound, violation } from "./errors.ts"
import type { Idle, Phase, Waiter } from "../telemetry/phases.ts"
import type { Inbound } from "./Inbound.ts"
import { tellRefusal } from "./refusal.ts"
import { RtmpConnection, type RtmpServices, type SessionFailure } from "./RtmpConnection.ts"
import type { RtmpPeer } from "./RtmpPeer.ts"
import { Streams } from "./streams.ts"
import { whilePeerStays } from "./whilePeerStays.ts"

/** A client that has not connected, or does not say what it wants, is closed after this long (SRS). */
export const identifyTimeoutMillis = 30_000
const noBytes = new Uint8Array(0)
/** How long a client may take to accept that it must show its password. */
const challengeTimeoutMillis = 1000

const serverSignature: ServerSignature = {
  signature: "SRS",
  server: signature,
  license: "MIT",
  url: "https://github.com/ossrs/srs",
  version: compatibleVersion,
  authors: "https://github.com/ossrs/srs/blob/develop/trunk/AUTHORS.md"
}

/** Before a client has connected the watchdog closes its connection for nobody to be told: it is the failure itself. */
const orTimeout = <A, E, R>(phase: Effect.Effect<A, E, R>, rtmp: RtmpConnection) =>
  Effect.mapError(phase, (error) => (error instanceof ConnectionClosed ? (rtmp.failure ?? error) : error))

const shakeHands = Effect.fnUntraced(
  function* (rtmp: RtmpConnection) {
    const { connection, watchdog } = rtmp
    watchdog.demand("handshake", identifyTimeoutMillis)
    const machine = new ServerHandshake({
      random: randomFrom(yield* Random.nextInt),
      nowMillis: (yield* Clock.currentTimeMillis) >>> 0
    })
    let step = machine.push(noBytes)
    yield* connection.readWhile((bytes) => {
      step = machine.push(bytes)
      if (Result.isFailure(step)) return false
      const { done, reply, rest } = step.success
      if (reply !== undefined) connection.write(reply)
      if (done) connection.unread(new Uint8Array(rest))
      return !done
    })
    if (Result.isFailure(step)) return yield* Effect.fail(violation(step.failure))
    const { kind, proxyAddress } = step.success
    const running = yield* CurrentSession
    running.annotate({
      "rtmp.handshake": kind ?? "",
      ...(proxyAddress === undefined ? {} : { "proxy.address": proxyAddress })
    })
  },
  orTimeout,
  spanAround("rtmp.handshake")
)

/** Waits for `connect`; whatever else comes before it gets no answer, as with SRS. */
const awaitConnect = Effect.fnUntraced(function* (inbound: Inbound) {
  while (true) {
    const { command } = yield* inbound.nextCommand()
    if (command.name !== "connect") continue
    const connect = readConnect(command)
    if (Result.isFailure(connect)) return yield* Effect.fail(violation(connect.failure))
    return connect.success
  }
})

/** In SRS's order. The chunk size goes before the answer: some OBS versions need it there. */
const answerConnect = (peer: RtmpPeer, connect: ConnectRequest, vhost: VhostSettings | undefined, session: Session) => {
  const { chunkSizeBytes = 60_000, inAckSizeBytes = 0, outAckSizeBytes = 2_500_000 } = vhost ?? {}
  peer.expectWindow(inAckSizeBytes)
  if (outAckSizeBytes > 0) {
    peer.send(protocolControl({ _tag: "WindowAcknowledgementSize", value: outAckSizeBytes }))
    peer.send(protocolControl({ _tag: "SetPeerBandwidth", value: outAckSizeBytes, limit: "dynamic" }))
  }
  peer.setChunkSize(chunkSizeBytes)
  const answer = {
    transactionId: connect.transactionId,
    objectEncoding: connect.objectEncoding,
    signature: serverSignature,
    serverIp: "",
    processId: process.pid,
    sessionId: session.id,
    capabilities: serverCapabilities
  }
  peer.send(connectResult(answer))
  peer.send(onBWDone)
}

const fmle = /^FML?E\b/

/** Publishers say so in one of two ways: FFmpeg, librtmp and OBS by `type`, all that speak as FMLE by `flashVer`. */
const isPublisher = ({ fields, flashVer }: ConnectRequest): boolean =>
  fields.get("type") === "nonprivate" || fmle.test(flashVer)

/** Refuses with Adobe's words a client that must show its password first; it comes again on another connection. */
const challengeConnect = Effect.fnUntraced(function* (
  { connection, peer, services, session }: RtmpConnection,
  connect: ConnectRequest,
  url: RequestUrl,
  vhost: VhostSettings
) {
  const question = { vhost, address: session.address, param: url.param, isPublisher: isPublisher(connect) }
  const challenge = yield* services.challenge(question)
  if (challenge === undefined) return
  peer.send(connectRejected(connect.transactionId, challenge))
  yield* Effect.ignore(Effect.timeoutOption(connection.drained, challengeTimeoutMillis))
  const stream = `${url.vhost}/${url.app}`
  return yield* new Refused({ action: "connect", stream, reason: challenge, code: srsErrors.SecurityDenied })
})

const acceptConnect = Effect.fnUntraced(
  function* (rtmp: RtmpConnection) {
    const { inbound, peer, services, session, watchdog } = rtmp
    watchdog.demand("connect", identifyTimeoutMillis)
    const connect = yield* awaitConnect(inbound)
    const { pageUrl, swfUrl, tcUrl } = connect
    session.tcUrl = tcUrl
    session.pageUrl = pageUrl
    session.swfUrl = swfUrl
    session.forwardHops = readHops(connect.fields)
    const parsed = parseTcUrl(tcUrl)
    if (Result.isFailure(parsed)) return yield* Effect.fail(violation(parsed.failure))
    const url = parsed.success
    const vhost = services.settings.vhost(url.vhost)
    if (vhost !== undefined) yield* challengeConnect(rtmp, connect, url, vhost)
    peer.together(() => answerConnect(peer, connect, vhost, session))
    rtmp.capabilities = readCapabilities(connect.fields)
    yield* logFacts("connect app", {
      "rtmp.tc_url": tcUrl,
      "rtmp.page_url": pageUrl,
      "rtmp.swf_url": swfUrl,
      "url.scheme": url.schema,
      "stream.vhost": url.vhost,
      "stream.app": url.app,
      "server.port": url.port
    })
  },
  orTimeout,
  spanOf("rtmp.connect")
)

/** `on_connect`: after connect was answered and when a stream is known, before it is published or played, each time (SRS). */
const authorizeConnect = ({ connection, services, session }: RtmpConnection, name: string) => {
  const { pageUrl, tcUrl } = session
  const parsed = Result.orElse(parseRequestUrl(tcUrl, name), () => parseTcUrl(tcUrl))
  if (Result.isFailure(parsed)) return Effect.fail(violation(parsed.failure))
  const url = parsed.success
  const vhost = services.settings.vhost(url.vhost)
  if (vhost === undefined) return Effect.fail(new VhostNotFound({ vhost: url.vhost }))
  const stream = streamNameOf(url, vhost.name)
  const request = { session, stream, param: url.param, tcUrl, pageUrl }
  return whilePeerStays(connection, services.authorizer.connect(request))
}

type RtmpPhase = Phase<unknown, Scope.Scope | CurrentSession>

/** A connection that was closed ends the session for the reason that somebody gave, or because the peer has left. */
const endingWith =
  (peer: RtmpPeer, connection: Connection, failure: () => SessionFailure | undefined) =>
  <A, R>(phase: Effect.Effect<A, unknown, R>): Effect.Effect<A, unknown, R | CurrentSession> =>
    Effect.catch(phase, (error) => {
      if (!(error instanceof ConnectionClosed)) return Effect.fail(error)
      const why = failure()
      if (why !== undefined) {
        const end = why._tag === "ViewerFailed" ? Effect.die(why.defect) : Effect.fail(why)
        return Effect.andThen(tellRefusal(peer, connection, undefined, why), end)
      }
      const reason = Effect.map(CurrentSession, (running) => running.annotate({ "session.end_reason": error.reason }))
      return Effect.andThen(reason, Effect.fail(error))
    })

/** What follows connect, command by command. While something is published or played, no fiber waits for the next one. */
class Conversation implements Idle<unknown, Scope.Scope | CurrentSession>, Reader {
  readonly #rtmp: RtmpConnection
  readonly #streams: Streams
  #waiter: Waiter<unknown, Scope.Scope | CurrentSession> | undefined

  constructor(rtmp: RtmpConnection, streams: Streams) {
    this.#rtmp = rtmp
    this.#streams = streams
  }

  /** Until there is nothing to do but to wait. */
  get commands(): RtmpPhase {
    return this.#ending(
      Effect.gen({ self: this }, function* () {
        const { inbound } = this.#rtmp
        while (inbound.isReady || !this.#streams.areActive) {
          const { command, streamId } = yield* inbound.nextCommand()
          yield* this.#carryOut(command, streamId)
        }
        return this
      })
    )
  }

  *#carryOut(command: Command, streamId: number) {
    const { connection, dialogue, peer } = this.#rtmp
    const { events, replies } = dialogue.accept(command, streamId)
    peer.sendAll(replies)
    for (const event of events) {
      if (event.kind === "publish" || event.kind === "play") {
        yield* authorizeConnect(this.#rtmp, event.name)
      }
      yield* Effect.tapError(this.#streams.carryOut(event), (error) => tellRefusal(peer, connection, event, error))
    }
  }

  #ending<A, R>(phase: Effect.Effect<A, unknown, R>): Effect.Effect<A, unknown, R | CurrentSession> {
    const { connection, peer } = this.#rtmp
    return endingWith(peer, connection, () => this.#rtmp.failure)(phase)
  }

  wait(waiter: Waiter<unknown, Scope.Scope | CurrentSession>): void {
    this.#waiter = waiter
    this.#rtmp.connection.readBy(this)
  }

  take(bytes: Uint8Array): boolean {
    return this.#rtmp.inbound.take(bytes)
  }

  ended(exit: Exit.Exit<void, ConnectionClosed>): void {
    this.#waiter?.goOn(Exit.isSuccess(exit) ? this.commands : this.#ending(exit))
  }

  cancel(): void {
    this.#rtmp.connection.stopReading("the session has ended")
  }
}

const connected = Effect.fnUntraced(function* (rtmp: RtmpConnection) {
  const { watchdog } = rtmp
  const streams = new Streams(rtmp)
  const running = yield* CurrentSession
  running.consistsOf(streams)
  yield* shakeHands(rtmp)
  yield* acceptConnect(rtmp)
  watchdog.expect("publish or play", identifyTimeoutMillis)
  return new Conversation(rtmp, streams)
})

/** The session proper, to be run by `runPhases`. Ends with the peer's leaving, `ConnectionClosed`, or an error. */
export const rtmpSession = (services: RtmpServices, connection: Connection, session: Session): RtmpPhase => {
  const rtmp = new RtmpConnection(services, connection, session)
  return connected(rtmp).pipe(
    endingWith(rtmp.peer, connection, () => undefined),
    Effect.flatMap((conversation) => conversation.commands)
  )
}
