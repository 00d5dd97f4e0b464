/** Requests that are answered with an error and a closed connection. */
import * as Data from "effect/Data"
import { srsErrors } from "../errors/SrsError.ts"

export type RefusalStatus = 400 | 405 | 408 | 413 | 414 | 431 | 505

export class BadRequest extends Data.TaggedError("BadRequest")<{
  readonly status: RefusalStatus
  readonly reason: string
}> {
  readonly code = srsErrors.HttpParseHeader
  override get message() {
    return `request refused with ${this.status}: ${this.reason}`
  }
}
