/** What the parts of one RTMP session share: the connection, the peer, who it is, and how the session fails. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { noCapabilities } from "../../domain/flv/Capabilities.ts"
import { CommandDialogue } from "../../domain/rtmp/CommandDialogue.ts"
import type { Format } from "../../domain/media/Format.ts"
import type { RtmpFormatOptions } from "../../domain/rtmp/RtmpFormat.ts"
import { isReferAllowed } from "../../domain/access/Refer.ts"
import { parseRequestUrl, streamNameOf } from "../../domain/rtmp/RequestUrl.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { logFacts } from "../telemetry/logFacts.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import { type AccessRequest, type Authorizer, Refused } from "../../services/Authorizer.ts"
import type { ConnectQuestion } from "../../services/ConnectChallenge.ts"
import type { Playback, ViewerEnd, ViewerOwner } from "../../services/Playback.ts"
import type { Session } from "../../services/Sessions.ts"
import type { Settings } from "../../services/Settings.ts"
import type { Source, SourceRegistry, TakenOver } from "../../services/SourceRegistry.ts"
import type { Connection } from "../../services/Transport.ts"
import {
  type IdlePublisher,
  type PlayDurationReached,
  type ProtocolViolation,
  type SessionTimeout,
  VhostNotFound,
  violation
} from "./errors.ts"
import { Inbound } from "./Inbound.ts"
import type { RtmpPeer } from "./RtmpPeer.ts"
import { type Watch, Watchdog } from "./Watchdog.ts"

export interface RtmpServices {
  readonly settings: Settings["Service"]
  readonly authorizer: Authorizer["Service"]
  readonly challenge: (question: ConnectQuestion) => Effect.Effect<string | undefined>
  readonly registry: SourceRegistry["Service"]
  readonly playback: Playback["Service"]
  readonly format: (options: RtmpFormatOptions) => Format
  readonly watch: Watch
}

/** What ends a session from outside its read loop. */
export type SessionFailure =
  | SessionTimeout
  | TakenOver
  | ViewerEnd
  | PlayDurationReached
  | IdlePublisher
  | ProtocolViolation

export class RtmpConnection implements ViewerOwner {
  readonly services: RtmpServices
  readonly connection: Connection
  readonly session: Session
  readonly dialogue = new CommandDialogue()
  readonly inbound: Inbound
  readonly watchdog: Watchdog
  /** Known once it has connected. */
  capabilities = noCapabilities
  /** Of `fail`. */
  failure: SessionFailure | undefined

  constructor(services: RtmpServices, connection: Connection, session: Session) {
    this.services = services
    this.connection = connection
    this.session = session
    this.inbound = new Inbound(connection, this.dialogue)
    this.watchdog = new Watchdog(services.watch, this.peer, this)
  }

  get peer(): RtmpPeer {
    return this.inbound.peer
  }

  /** Ends the session from outside its read loop, with this error. The first one counts. */
  fail(error: SessionFailure): void {
    this.failure ??= error
    this.connection.stopReading(error.message)
  }
}

/** A request for one stream: who asks, for what, under which settings. */
export interface StreamRequest {
  readonly access: AccessRequest
  readonly vhost: VhostSettings
}

const isAllowed = (pageUrl: string, refer: VhostSettings["refer"], action: "publish" | "play"): boolean =>
  isReferAllowed(pageUrl, refer.all) && isReferAllowed(pageUrl, refer[action])

/** Reads the URL of a publish or play, resolves its vhost and checks the page it comes from. */
export const resolve = (
  { services, session }: RtmpConnection,
  action: "publish" | "play",
  name: string
): Effect.Effect<StreamRequest, ProtocolViolation | VhostNotFound | Refused> => {
  const parsed = parseRequestUrl(session.tcUrl, name)
  if (Result.isFailure(parsed)) return Effect.fail(violation(parsed.failure))
  const url = parsed.success
  const vhost = services.settings.vhost(url.vhost)
  if (vhost === undefined) return Effect.fail(new VhostNotFound({ vhost: url.vhost }))
  const named = streamNameOf(url, vhost.name)
  // One object and one set of strings for all who come to a stream that is there.
  const stream = services.registry.find(streamKey(named))?.name ?? named
  const { refer } = vhost
  if (refer.enabled && !isAllowed(session.pageUrl, refer, action)) {
    const reason = `page ${JSON.stringify(session.pageUrl)} is not among the domains of refer`
    return Effect.fail(new Refused({ action, stream: streamKey(stream), reason, code: srsErrors.SecurityDenied }))
  }
  session.stream = stream
  const { param } = url
  return Effect.succeed({
    access: { session, stream, param, tcUrl: session.tcUrl, pageUrl: session.pageUrl },
    vhost
  })
}

/** The stages that SRS logs between a client's wish and its fulfilment. */
export const tellStream = ({ access, vhost }: StreamRequest, source: Source | undefined): Effect.Effect<void> => {
  const { pageUrl, param, session, stream, tcUrl } = access
  const connected = {
    "rtmp.tc_url": tcUrl,
    "rtmp.page_url": pageUrl,
    "rtmp.swf_url": session.swfUrl,
    "stream.vhost": stream.vhost,
    "stream.app": stream.app,
    "stream.name": stream.stream,
    "stream.param": param
  }
  const found = {
    "stream.url": streamKey(stream),
    "source.gop_cache": vhost.play.gopCache ? 1 : 0,
    "source.edge": 0,
    "source.id": source?.publisher()?.sessionId ?? ""
  }
  return Effect.andThen(logFacts("stream connected", connected), logFacts("source found", found))
}
