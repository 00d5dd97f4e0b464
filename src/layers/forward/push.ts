/** Pushes one stream to one destination for as long as it is published: connects, feeds, and comes back. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { readCapabilities, serverCapabilities } from "../../domain/flv/Capabilities.ts"
import { publishFormat } from "../../domain/forward/publishFormat.ts"
import { hopsMember } from "../../domain/forward/hops.ts"
import { reconnectMillis, settledMillis } from "../../domain/forward/reconnect.ts"
import type { Publication, RtmpClient, ServerInfo } from "../../services/RtmpClient.ts"
import type { Source } from "../../services/SourceRegistry.ts"
import type { ForwardCounters } from "./ForwardCounters.ts"
import { ForwardFeed } from "./ForwardFeed.ts"

/** From dialling to the destination's consent (SRS). */
export const connectTimeoutMillis = 3000
/** A destination that takes no byte for so long is left (SRS). */
export const stallMillis = 30_000
/** Frames are sent this often, in batches; with `min_latency on` more often. SRS's forwarder: 500 ms. */
export const flushMillis = 100
export const lowLatencyMillis = 15

class DestinationStalled extends Data.TaggedError("DestinationStalled")<{ readonly queuedBytes: number }> {
  override get message() {
    return `no byte accepted for ${stallMillis} ms, ${this.queuedBytes} bytes wait`
  }
}

/** Our own bug. The connection ends, and another one is tried. */
class ForwardingFailed extends Data.TaggedError("ForwardingFailed")<{ readonly defect: unknown }> {
  override get message() {
    return String(this.defect)
  }
}

/** What a push reads when it acts, because it may change meanwhile. */
export interface PushSettings {
  readonly chunkSizeBytes: number
  readonly minLatency: boolean
  readonly verifyCertificate: boolean
}

export interface Push {
  readonly client: RtmpClient["Service"]
  readonly source: Source
  /** With password. */
  readonly url: string
  readonly counters: ForwardCounters
  /** How often the stream was forwarded on its way here. */
  readonly hops: number
  readonly settings: () => PushSettings
  /** Why this server must not get the stream. */
  readonly decline: (server: ServerInfo) => string | undefined
}

const formatFor = ({ chunkSize, server, streamId }: Publication) => {
  const { modEx, multitrack } = readCapabilities(server.properties)
  return publishFormat({ chunkSize, streamId, modEx, multitrack })
}

const drained = (publication: Publication) =>
  publication.drained.pipe(
    Effect.timeoutOrElse({
      duration: stallMillis,
      orElse: () => Effect.fail(new DestinationStalled({ queuedBytes: publication.queuedBytes() }))
    })
  )

/** Feeds the destination until the connection ends. */
const feed = Effect.fnUntraced(function* (
  { counters, settings, source }: Push,
  publication: Publication,
  from: number
) {
  const { log } = source
  const feed = new ForwardFeed(log, formatFor(publication), publication, counters, from)
  const news = Latch.makeUnsafe(true)
  log.addReader(feed.reader)
  yield* Effect.addFinalizer(() => Effect.sync(() => log.removeReader(feed.reader)))
  // What the last publisher left goes out before the stream is unpublished.
  yield* source.observe({ appended: () => news.openUnsafe(), unpublished: feed.flush })
  const run = Effect.gen(function* () {
    while (true) {
      yield* news.await
      news.closeUnsafe()
      yield* Effect.sleep(settings().minLatency ? lowLatencyMillis : flushMillis)
      const { jumps } = counters
      feed.flush()
      while (publication.queuedBytes() > 0) {
        yield* drained(publication)
        feed.flush()
      }
      if (counters.jumps === jumps) continue
      yield* Effect.logWarning("destination is too slow: groups of pictures were dropped").pipe(
        Effect.annotateLogs({ "forward.frames_dropped": counters.framesDropped, "forward.jumps": counters.jumps })
      )
    }
  })
  return { run, position: () => feed.position }
})

/** Never returns, unless the destination is refused for good. To be run in the scope of the publish. */
export const push = (options: Push): Effect.Effect<void> => {
  const { client, counters, decline, hops, settings, source, url } = options
  let failures = 0
  let position = (): number => -1

  const connection = Effect.gen(function* () {
    counters.state = "connecting"
    counters.attempts++
    const { chunkSizeBytes, verifyCertificate } = settings()
    const publication = yield* client.publish(url, {
      timeoutMillis: connectTimeoutMillis,
      chunkSize: chunkSizeBytes,
      verifyCertificate,
      connectFields: new Map([...serverCapabilities, hopsMember(hops + 1)]),
      decline
    })
    const fed = yield* feed(options, publication, position())
    position = fed.position
    counters.state = "forwarding"
    counters.connects++
    yield* Effect.logInfo("forwarding").pipe(Effect.annotateLogs("forward.connects", counters.connects))
    return yield* Effect.raceFirst(fed.run, Deferred.await(publication.ended))
  }).pipe(
    Effect.scoped,
    Effect.catchDefect((defect) =>
      Effect.andThen(
        Effect.logError("forwarding failed", Cause.die(defect)),
        Effect.fail(new ForwardingFailed({ defect }))
      )
    )
  )

  const wait = Effect.fnUntraced(function* (lastedMillis: number, reason: string) {
    if (lastedMillis >= settledMillis) failures = 0
    const waitMillis = reconnectMillis(failures, yield* Random.next)
    counters.state = "waiting"
    counters.lastError = reason
    // A destination that stays away is told of once.
    const line = failures === 0 ? Effect.logWarning : Effect.logDebug
    failures++
    yield* line("destination lost").pipe(
      Effect.annotateLogs({ "forward.reason": reason, "forward.retry_ms": waitMillis, "forward.failures": failures })
    )
    yield* Effect.sleep(waitMillis)
  })

  const loop = Effect.gen(function* () {
    while (true) {
      const began = yield* Clock.currentTimeMillis
      const outcome = yield* Effect.result(connection)
      if (Result.isSuccess(outcome)) continue
      const { _tag, message } = outcome.failure
      if (_tag === "BadStreamUrl" || _tag === "RtmpDeclined") {
        counters.state = "refused"
        counters.lastError = message
        return yield* Effect.logWarning("destination refused").pipe(Effect.annotateLogs("forward.reason", message))
      }
      yield* wait((yield* Clock.currentTimeMillis) - began, message)
    }
  })
  return Effect.annotateLogs(loop, { "stream.name": source.key, "forward.url": counters.url })
}
