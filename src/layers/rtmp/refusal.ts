/** Tells a client why, in codes that clients know, before its connection is closed. SRS only closes. */
import * as Effect from "effect/Effect"
import type { DialogueEvent } from "../../domain/rtmp/CommandDialogue.ts"
import { connectionRejected, type RefusalCode, refused } from "../../domain/rtmp/Replies.ts"
import type { Connection } from "../../services/Transport.ts"
import type { RtmpPeer } from "./RtmpPeer.ts"

/** How long the client may take to accept the reason. */
const tellTimeoutMillis = 1000

const codeOf = (event: DialogueEvent, tag: string): RefusalCode => {
  if (event.kind === "play") return "NetStream.Play.Failed"
  return tag === "StreamBusy" ? "NetStream.Publish.BadName" : "NetStream.Publish.Denied"
}

export const tellRefusal = (
  peer: RtmpPeer,
  connection: Connection,
  event: DialogueEvent | undefined,
  error: { readonly _tag: string; readonly message: string }
): Effect.Effect<void> =>
  Effect.suspend(() => {
    peer.send(
      event === undefined
        ? connectionRejected(error.message)
        : refused(event.streamId, codeOf(event, error._tag), error.message)
    )
    return Effect.ignore(Effect.timeoutOption(connection.drained, tellTimeoutMillis))
  })
