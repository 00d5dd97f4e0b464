/** The RTMP client over Transport: publishes as FMLE does, plays as SRS's edges do. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { AmfValue } from "../../domain/amf/AmfValue.ts"
import type { RtmpMessage } from "../../domain/rtmp/ChunkReader.ts"
import { type ClientUrl, parseClientUrl, withoutPassword } from "../../domain/rtmp/ClientUrl.ts"
import { userControl } from "../../domain/rtmp/ControlReplies.ts"
import {
  type ClientOptions,
  type EndError,
  type Publication,
  RtmpClient,
  RtmpDeclined,
  RtmpFailed,
  type Subscription
} from "../../services/RtmpClient.ts"
import { Transport } from "../../services/Transport.ts"
import { closedOnFailure, defaultTimeoutMillis, openServer, type Server } from "./client/openServer.ts"
import { awaitResult, awaitStatus, endBy } from "./client/serverAnswers.ts"
import type { ServerChannel } from "./client/ServerChannel.ts"

const defaultChunkSize = 60_000
/** What SRS's edges ask for. */
const bufferMillis = 1000

const createStream = Effect.fnUntraced(function* (channel: ServerChannel) {
  const answer = yield* awaitResult(channel, channel.call("createStream"))
  const streamId = answer.args[0]
  return typeof streamId === "number" ? streamId : yield* channel.fail("createStream was answered without a stream id")
})

/** Follows what the server says until it ends the stream. */
const follow = (channel: ServerChannel, onRead: () => void): Effect.Effect<never, EndError> =>
  Effect.gen(function* () {
    while (true) {
      onRead()
      for (let command = channel.commands.shift(); command !== undefined; command = channel.commands.shift()) {
        const end = endBy(channel.url, command)
        if (end !== undefined) return yield* Effect.fail(end)
      }
      yield* channel.step
    }
  })

const beginPublish = Effect.fnUntraced(function* ({ channel }: Server, name: string, chunkSize: number) {
  channel.call("releaseStream", name)
  channel.call("FCPublish", name)
  const streamId = yield* createStream(channel)
  channel.peer.setChunkSize(chunkSize)
  const transactionId = channel.nextTransactionId()
  channel.callOn(streamId, "publish", transactionId, name, "live")
  yield* awaitStatus(channel, transactionId, "NetStream.Publish.Start")
  return streamId
})

const endPublish = (channel: ServerChannel, streamId: number, name: string) =>
  Effect.sync(() => {
    channel.call("FCUnpublish", name)
    channel.call("deleteStream", streamId)
  })

const beginPlay = Effect.fnUntraced(function* ({ channel }: Server, name: string) {
  const streamId = yield* createStream(channel)
  const transactionId = channel.nextTransactionId()
  channel.callOn(streamId, "play", transactionId, name)
  channel.peer.send(userControl({ _tag: "SetBufferLength", streamId, millis: bufferMillis }))
  yield* awaitStatus(channel, transactionId, "NetStream.Play.Start")
  return streamId
})

/** What FFmpeg, librtmp and OBS say: servers that let everybody play challenge those who do. */
const publisherFields: ReadonlyArray<readonly [string, AmfValue]> = [["type", "nonprivate"]]

export const layer = Layer.effect(
  RtmpClient,
  Effect.gen(function* () {
    const transport = yield* Transport

    /** Dials and begins, within the time allowed. */
    const begin = <A, E, R>(
      url: string,
      options: ClientOptions,
      stream: (server: Server, parsed: ClientUrl) => Effect.Effect<A, E, R>
    ) => {
      const shownUrl = withoutPassword(url)
      const timeoutMillis = options.timeoutMillis ?? defaultTimeoutMillis
      return Effect.gen(function* () {
        const parsed = yield* Effect.fromResult(parseClientUrl(url))
        const server = yield* openServer(transport, shownUrl, parsed, options)
        const reason = options.decline?.(server.info)
        if (reason !== undefined) return yield* new RtmpDeclined({ url: shownUrl, reason })
        return yield* stream(server, parsed)
      }).pipe(
        closedOnFailure,
        Effect.timeoutOrElse({
          duration: timeoutMillis,
          orElse: () => Effect.fail(new RtmpFailed({ url: shownUrl, reason: `no consent within ${timeoutMillis} ms` }))
        })
      )
    }

    const publish = Effect.fn("RtmpClient.publish")(function* (url: string, given: ClientOptions = {}) {
      const options = { ...given, connectFields: new Map([...publisherFields, ...(given.connectFields ?? [])]) }
      const chunkSize = options.chunkSize ?? defaultChunkSize
      const { name, server, streamId } = yield* begin(url, options, (server, { publishName: name }) =>
        Effect.map(beginPublish(server, name, chunkSize), (streamId) => ({ name, server, streamId }))
      )
      const { channel, info } = server
      const { connection } = channel
      channel.ignoreMedia()
      yield* Effect.addFinalizer(() => endPublish(channel, streamId, name))
      const ended = yield* Deferred.make<never, EndError>()
      yield* Effect.forkScoped(
        Deferred.into(
          follow(channel, () => undefined),
          ended
        )
      )
      const publication: Publication = {
        server: info,
        streamId,
        chunkSize,
        send: (message) => channel.sendMedia(streamId, message),
        write: (bytes) => connection.write(bytes),
        queuedBytes: () => connection.queuedBytes(),
        onDrain: (listener) => connection.onDrain(listener),
        drained: connection.drained,
        ended
      }
      return publication
    })

    const play = Effect.fn("RtmpClient.play")(function* (url: string, options: ClientOptions = {}) {
      const { server, streamId } = yield* begin(url, options, (server, { playName }) =>
        Effect.map(beginPlay(server, playName), (streamId) => ({ server, streamId }))
      )
      const { channel, info } = server
      const subscription: Subscription = {
        server: info,
        streamId,
        run: (onMessage: (message: RtmpMessage) => void, onRead = () => undefined) =>
          Effect.suspend(() => {
            channel.deliverTo(onMessage)
            return follow(channel, onRead)
          }),
        call: (name: string, ...args: ReadonlyArray<AmfValue>) => channel.callOn(streamId, name, 0, ...args)
      }
      return subscription
    })

    return RtmpClient.of({ publish, play })
  })
)
