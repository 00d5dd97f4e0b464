/** One HTTP request to another server, as SRS makes them: callbacks, the backend of forwarding, reports. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { HookUrl } from "../domain/hooks/HookUrl.ts"
import type { Reply } from "../domain/hooks/ReplyReader.ts"

/** There is no answer, or none that HTTP knows. */
export class NoReply extends Schema.TaggedError<NoReply>()("NoReply", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export class HttpCalls extends Context.Service<
  HttpCalls,
  {
    /**
     * Sends the request over a connection of its own and waits for the whole answer, which is bounded in bytes and time.
     * `verify`: the certificate of an HTTPS server. The connection closes on its own time.
     */
    readonly call: (url: HookUrl, request: Uint8Array, verify: boolean) => Effect.Effect<Reply, NoReply>
  }
>()("sluice/services/HttpCalls") {}
