/** What is known of one stream on its way to one destination: fields that its fiber changes. */
import type { Forward, ForwardOrigin, ForwardState } from "../../services/Forwarder.ts"

export class ForwardCounters implements Forward {
  readonly id: string
  readonly origin: ForwardOrigin
  readonly stream: string
  url: string
  state: ForwardState = "idle"
  attempts = 0
  connects = 0
  bytesOut = 0
  framesOut = 0
  framesDropped = 0
  jumps = 0
  lastError = ""

  constructor(id: string, origin: ForwardOrigin, stream: string, url: string) {
    this.id = id
    this.origin = origin
    this.stream = stream
    this.url = url
  }
}
