/** A stream of an RTMP connection that publishes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { DialogueEvent } from "../../domain/rtmp/CommandDialogue.ts"
import type { RtmpMessage } from "../../domain/rtmp/ChunkReader.ts"
import { compatibleVersion, signature } from "../../domain/Product.ts"
import { publishStarted } from "../../domain/rtmp/Replies.ts"
import type { SourceLog } from "../../domain/media/SourceLog.ts"
import { RtmpIngest } from "../../domain/rtmp/RtmpIngest.ts"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import type { Publication } from "../../services/SourceRegistry.ts"
import type { Connection } from "../../services/Transport.ts"
import { IdlePublisher, violation } from "./errors.ts"
import { identifyClient } from "../telemetry/client.ts"
import { logFacts } from "../telemetry/logFacts.ts"
import type { Activity } from "./Activity.ts"
import { resolve, type RtmpConnection, tellStream } from "./RtmpConnection.ts"
import { authorized } from "./whilePeerStays.ts"

/**
 * A publisher's messages are collected for a while before they are read. Without `mr` that is a fifth of what merged
 * writes wait anyway, where the transport does it for nothing.
 */
const mergeReads = (connection: Connection, { minLatency, play, publish }: VhostSettings): void => {
  const isAsked = publish.mr && !minLatency
  if (isAsked) connection.mergedRead(publish.mrLatencyMillis)
  else connection.mergedRead(minLatency ? 0 : Math.floor(play.mwLatencyMillis / 5), true)
}

/** So many frames of a publish are read as they come: the first picture is among them, and viewers may wait for it. */
export const promptFrames = 32

export class Publishing {
  readonly publication: Publication
  readonly #connection: RtmpConnection
  readonly #ingest: RtmpIngest
  readonly #vhost: () => VhostSettings
  readonly #promptUntil: number
  #merging = false

  constructor(connection: RtmpConnection, publication: Publication, vhost: () => VhostSettings) {
    this.#connection = connection
    this.publication = publication
    this.#vhost = vhost
    const { counters } = connection.session
    this.#promptUntil = counters.framesIn + promptFrames
    const append = publication.append
    this.#ingest = new RtmpIngest(
      (frame) => {
        counters.framesIn++
        append(frame)
      },
      signature,
      compatibleVersion
    )
  }

  /** One message of the publisher: a plain call for each. */
  readonly push = (message: RtmpMessage): void => {
    const error = this.#ingest.push(message)
    if (error !== undefined) this.#connection.fail(violation(error))
  }

  /** Where each frame is as soon as its message was read. */
  get log(): SourceLog | undefined {
    return this.publication.delays ? undefined : this.publication.source.log
  }

  readonly flush = (): void => {
    this.publication.flush()
    if (this.#merging || this.#connection.session.counters.framesIn < this.#promptUntil) return
    this.#merging = true
    this.merge()
  }

  /** As the settings are now. */
  merge(): void {
    if (this.#merging) mergeReads(this.#connection.connection, this.#vhost())
  }
}

/** Closes a publisher that nobody watches: checked at the pace of the timeout, as SRS does. */
const watchIdle = Effect.fnUntraced(function* (
  connection: RtmpConnection,
  publication: Publication,
  vhost: VhostSettings
) {
  const { kickoffForIdleMillis: limit, normalTimeoutMillis } = vhost.publish
  let idle = 0
  while (idle < limit) {
    const step = Math.min(normalTimeoutMillis, limit)
    yield* Effect.sleep(step)
    idle = publication.source.isRead() ? 0 : idle + step
  }
  connection.fail(new IdlePublisher({ millis: limit }))
})

/** From the publish command to the answer; the publish lasts as long as the scope. */
export const startPublish = Effect.fnUntraced(function* (
  connection: RtmpConnection,
  event: Extract<DialogueEvent, { readonly kind: "publish" }>,
  activity: Activity
) {
  const { peer, services, watchdog } = connection
  const request = yield* resolve(connection, "publish", event.name)
  const { access, vhost } = request
  yield* identifyClient(access, "publish", event.type)
  const permit = yield* authorized(connection.connection, services.authorizer.publish(access))
  activity.permitted(yield* Clock.currentTimeNanos)
  const publication = yield* services.registry.publish(permit, (error) => connection.fail(error))
  yield* tellStream(request, publication.source)
  if (vhost.publish.kickoffForIdleMillis > 0) yield* Effect.forkScoped(watchIdle(connection, publication, vhost))
  const current = () => services.settings.vhost(vhost.name) ?? vhost
  const publishing = new Publishing(connection, publication, current)
  yield* services.settings.onChange(() => Effect.sync(() => publishing.merge()))
  const { firstPacketTimeoutMillis, mr, normalTimeoutMillis } = vhost.publish
  watchdog.expect("packet from the publisher", firstPacketTimeoutMillis, () => current().publish.normalTimeoutMillis)
  peer.send(publishStarted(event.streamId))
  yield* logFacts("start publish", {
    "publish.merged_read": mr && !vhost.minLatency ? "on" : "off",
    "publish.first_packet_timeout_ms": firstPacketTimeoutMillis,
    "publish.normal_timeout_ms": normalTimeoutMillis
  })
  return publishing
})
