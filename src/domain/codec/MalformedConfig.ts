import * as Data from "effect/Data"

/** A codec configuration that contradicts its specification, or passes a limit of this server. */
export class MalformedConfig extends Data.TaggedError("MalformedConfig")<{
  readonly codec: string
  readonly reason: string
}> {
  override get message() {
    return `${this.codec} configuration: ${this.reason}`
  }
}
