/** What is known of one stream on its way to one destination: fields that its fiber changes. */
import type { Forward, ForwardPhase } from "../../services/Forwarder.ts"

export class ForwardCounters implements Forward {
  readonly stream: string
  readonly url: string
  phase: ForwardPhase = "connecting"
  reason = ""
  connects = 0
  bytesOut = 0
  framesOut = 0
  framesDropped = 0
  jumps = 0

  constructor(stream: string, url: string) {
    this.stream = stream
    this.url = url
  }
}
