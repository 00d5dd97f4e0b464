/** An RTMP server whose every answer the test decides. */
import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { AmfValue } from "../../src/domain/amf/AmfValue.ts"
import type { RtmpMessage } from "../../src/domain/rtmp/ChunkReader.ts"
import { type Command, decodeCommand } from "../../src/domain/rtmp/Command.ts"
import { randomBytes as handshakeBytes } from "../../src/domain/rtmp/handshake.ts"
import { ServerHandshake } from "../../src/domain/rtmp/ServerHandshake.ts"
import { RtmpPeer } from "../../src/layers/rtmp/RtmpPeer.ts"
import type { Connection } from "../../src/services/Transport.ts"

export interface Heard {
  readonly name: string
  readonly streamId: number
  readonly command: Command
  readonly args: ReadonlyArray<AmfValue>
}

export interface Script {
  /** Answers a command. */
  readonly onCommand: (heard: Heard, peer: RtmpPeer, connection: Connection) => void
  /** Everything but commands and control; the message is a copy. */
  readonly onMedia?: (message: RtmpMessage) => void
  readonly onEnd?: () => void
}

/** For `Transport.listen`. Ends when the client does. */
export const scriptedRtmp =
  (script: Script) =>
  (connection: Connection): Effect.Effect<void> =>
    Effect.gen(function* () {
      const handshake = new ServerHandshake({ random: randomBytes(handshakeBytes), nowMillis: 0 })
      while (true) {
        const step = Result.getOrThrow(handshake.push(yield* connection.read))
        if (step.reply !== undefined) connection.write(step.reply)
        if (!step.done) continue
        connection.unread(step.rest)
        break
      }
      const peer: RtmpPeer = new RtmpPeer(connection, {
        receive: (message) => {
          if (message.type !== 20) return script.onMedia?.({ ...message })
          const command = Result.getOrThrow(decodeCommand(message))
          const { name, args } = command
          script.onCommand({ name, streamId: message.streamId, command, args }, peer, connection)
        }
      })
      while (true) Result.getOrThrow(peer.push(yield* connection.read))
    }).pipe(
      Effect.ensuring(Effect.sync(() => script.onEnd?.())),
      Effect.catchTag("ConnectionClosed", () => Effect.void)
    )
