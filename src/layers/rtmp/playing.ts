/** A stream of an RTMP connection that plays. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import type { DialogueEvent } from "../../domain/rtmp/CommandDialogue.ts"
import { playTimes } from "../../domain/media/playTimes.ts"
import { type StreamName, streamKey } from "../../domain/media/StreamName.ts"
import { streamBegin } from "../../domain/rtmp/ControlReplies.ts"
import { playStarted } from "../../domain/rtmp/Replies.ts"
import type { Viewer } from "../../services/Playback.ts"
import { PlayDurationReached } from "./errors.ts"
import { identifyClient } from "../telemetry/client.ts"
import { logFacts } from "../telemetry/logFacts.ts"
import type { Activity } from "./Activity.ts"
import { resolve, type RtmpConnection, tellStream } from "./RtmpConnection.ts"
import { authorized } from "./whilePeerStays.ts"

/** How often the media time of a play with a duration is looked at. */
const durationCheckMillis = 500

type Play = Extract<DialogueEvent, { readonly kind: "play" }>

const formatOf = (
  connection: RtmpConnection,
  { play }: VhostSettings,
  stream: StreamName,
  event: Play,
  place: number
) => {
  const source = connection.services.registry.find(streamKey(stream))
  return connection.services.format({
    chunkSize: connection.peer.outgoingChunkSize,
    ...playTimes(play, source?.absoluteTimes() ?? false),
    multitrack: connection.capabilities.multitrack,
    modEx: connection.capabilities.modEx,
    reduceHeaders: play.reduceSequenceHeader,
    streamId: event.streamId,
    place
  })
}

const endAfter = Effect.fnUntraced(function* (connection: RtmpConnection, viewer: Viewer, millis: number) {
  const { timeline } = viewer.source.log
  const begin = timeline.latest
  while (timeline.latest - begin < millis) yield* Effect.sleep(Math.min(durationCheckMillis, millis))
  connection.fail(new PlayDurationReached({ millis }))
})

/** From the play command on; the play lasts as long as the scope. */
export const startPlay = Effect.fnUntraced(function* (connection: RtmpConnection, event: Play, activity: Activity) {
  const { peer, services, session } = connection
  const request = yield* resolve(connection, "play", event.name)
  const { access, vhost } = request
  yield* identifyClient(access, "play", event.type)
  const permit = yield* authorized(connection.connection, services.authorizer.play(access))
  activity.permitted(yield* Clock.currentTimeNanos)
  peer.sendAll([streamBegin(event.streamId), ...playStarted(event.streamId)])
  const viewer = yield* services.playback.view(permit, {
    format: formatOf(connection, vhost, access.stream, event, activity.place ?? 0),
    sink: activity,
    session,
    endWithPublisher: false,
    owner: connection
  })
  activity.viewer = viewer
  yield* tellStream(request, viewer.source)
  if (event.durationMillis > 0) yield* Effect.forkScoped(endAfter(connection, viewer, event.durationMillis))
  yield* logFacts("start play", {
    "play.send_min_interval_ms": vhost.play.sendMinIntervalMillis,
    "play.merged_write_ms": vhost.play.mwLatencyMillis,
    "play.min_latency": vhost.minLatency ? "on" : "off"
  })
})
