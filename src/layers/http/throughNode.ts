/**
 * Requests with bodies, and all that comes after them on the same connection: parsed by `node:http`, until one asks for
 * a live body or the peer leaves.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { BadRequest } from "../../domain/http/BadRequest.ts"
import { shortAnswer } from "../../domain/http/ResponseHead.ts"
import { signature } from "../../domain/Product.ts"
import { ConnectionStream } from "./ConnectionStream.ts"
import { serveRaw } from "./liveBody.ts"
import type { Incoming } from "./nodeServer.ts"
import { answerPlain } from "./plainAnswer.ts"
import { headTimeoutMillis } from "./Requests.ts"
import { type Conversation, extraFor, type LiveFailure, liveMatch, plainContext } from "./talk.ts"
import { serveUpgrade } from "./upgraded.ts"

export const serveThroughNode = Effect.fnUntraced(function* (
  talk: Conversation
): Effect.fn.Return<void, LiveFailure | BadRequest, Scope.Scope> {
  const stream = yield* Effect.acquireRelease(
    Effect.sync(() => new ConnectionStream(talk.connection)),
    (stream) => Effect.sync(() => stream.destroy())
  )
  const requests = yield* talk.node.serve(stream)
  const pump = yield* Effect.forkChild(stream.pump)
  const left = Effect.raceFirst(Fiber.await(pump), stream.untilEnded)
  while (true) {
    const incoming = yield* Queue.take(requests).pipe(
      Effect.map((incoming): Incoming | undefined => incoming),
      Effect.raceFirst(Effect.as(left, undefined)),
      Effect.timeoutOrElse({ duration: headTimeoutMillis, orElse: () => Effect.succeed(undefined) })
    )
    if (incoming === undefined) return
    stream.countRequests(-1)
    const { head, request, response, rest } = incoming
    if (head instanceof BadRequest) {
      if (response === undefined) return void stream.end(shortAnswer(head.status, signature, extraFor(head.status)))
    } else {
      const match = response === undefined ? undefined : liveMatch(talk, head)
      if (response === undefined || match !== undefined) {
        // The answers before this one are out: from here on the connection is the viewer's alone.
        yield* stream.detach
        yield* Fiber.interrupt(pump)
        talk.connection.unread(rest)
        return yield* match === undefined ? serveUpgrade(talk, head) : serveRaw(talk, head, match)
      }
    }
    const answered = yield* answerPlain(plainContext(talk, head), head, request, response).pipe(
      Effect.raceFirst(Effect.as(stream.untilEnded, false))
    )
    if (!answered) return
  }
})
