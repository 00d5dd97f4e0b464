/** Why an RTMP session ends by the server's will, with SRS's numbers. */
import * as Schema from "effect/Schema"
import { srsErrors } from "../../domain/errors/SrsError.ts"

/** Nothing came for too long. */
export class SessionTimeout extends Schema.TaggedError<SessionTimeout>()("SessionTimeout", {
  waitingFor: Schema.String,
  millis: Schema.Finite
}) {
  readonly code = srsErrors.SocketTimeout
  override get message() {
    return `no ${this.waitingFor} within ${this.millis} ms`
  }
}

export class VhostNotFound extends Schema.TaggedError<VhostNotFound>()("VhostNotFound", { vhost: Schema.String }) {
  readonly code = srsErrors.NoVhost
  override get message() {
    return `no vhost ${this.vhost}, and no default vhost`
  }
}

export class PlayDurationReached extends Schema.TaggedError<PlayDurationReached>()("PlayDurationReached", {
  millis: Schema.Finite
}) {
  readonly code = srsErrors.DurationExceed
  override get message() {
    return `played ${this.millis} ms of media, as the player asked`
  }
}

export class IdlePublisher extends Schema.TaggedError<IdlePublisher>()("IdlePublisher", { millis: Schema.Finite }) {
  readonly code = srsErrors.KickoffForIdle
  override get message() {
    return `no viewer for ${this.millis} ms (kickoff_for_idle)`
  }
}

/** Bytes, commands or media that cannot be understood. */
export class ProtocolViolation extends Schema.TaggedError<ProtocolViolation>()("ProtocolViolation", {
  reason: Schema.String,
  code: Schema.Int
}) {
  override get message() {
    return this.reason
  }
}

/** From an error of `src/domain`, which has a message and mostly one of SRS's numbers. */
export const violation = (error: { readonly message: string; readonly code?: unknown }): ProtocolViolation =>
  new ProtocolViolation({
    reason: error.message,
    code: typeof error.code === "number" ? error.code : srsErrors.RtmpDecode
  })
