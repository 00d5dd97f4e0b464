/** HTTP requests over Transport. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { isIpv4, isIpv6 } from "../../domain/config/values.ts"
import { type BadReply, type Reply, ReplyReader } from "../../domain/hooks/ReplyReader.ts"
import { HttpCalls, NoReply } from "../../services/HttpCalls.ts"
import { type Connection, Transport } from "../../services/Transport.ts"

/** To connect, and from then on to the whole answer (SRS). */
export const connectTimeoutMillis = 30_000
export const replyTimeoutMillis = 30_000

const noReply = ({ message }: { readonly message: string }) => new NoReply({ reason: message })

const readReply = (connection: Connection): Effect.Effect<Reply, NoReply> => {
  const reader = new ReplyReader()
  const next: Effect.Effect<Result.Result<Reply | undefined, BadReply>> = Effect.match(connection.read, {
    onSuccess: (bytes) => reader.push(bytes),
    onFailure: () => reader.end()
  })
  return Effect.gen(function* () {
    while (true) {
      const reply = yield* Effect.mapError(Effect.flatMap(next, Effect.fromResult), noReply)
      if (reply !== undefined) return reply
    }
  })
}

/** Server names are names: an address is not sent (RFC 6066 §3). */
const serverNameOf = (host: string): string => (isIpv4(host) || isIpv6(host) ? "" : host)

const callOver =
  (transport: Transport["Service"]): HttpCalls["Service"]["call"] =>
  (url, request, verify) => {
    const tls = url.encrypted ? { serverName: serverNameOf(url.host), verify } : undefined
    const talk = Effect.gen(function* () {
      const connection = yield* transport
        .connect({ host: url.host, port: url.port }, { timeoutMillis: connectTimeoutMillis, tls })
        .pipe(Effect.mapError(noReply))
      connection.write(request)
      return yield* readReply(connection).pipe(
        Effect.timeoutOrElse({
          duration: replyTimeoutMillis,
          orElse: () => Effect.fail(new NoReply({ reason: `no answer within ${replyTimeoutMillis} ms` }))
        })
      )
    })
    return Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      return Effect.onExit(Scope.provide(talk, scope), () => Effect.forkDetach(Scope.close(scope, Exit.void)))
    })
  }

export const layer = Layer.effect(
  HttpCalls,
  Effect.map(Transport, (transport) => ({ call: callOver(transport) }))
)
