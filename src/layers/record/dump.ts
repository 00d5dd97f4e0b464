/**
 * `sluice dump`: stands between clients and a server, hands everything on, and records what the clients send. The server
 * needs to know nothing of it.
 */
import * as Fs from "node:fs"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { encodeEntry, magic } from "../../domain/record/Recording.ts"
import type { DumpRequest } from "../../domain/record/recordCommands.ts"
import { type Connection, type ConnectionClosed, Transport, type TransportFailed } from "../../services/Transport.ts"

/** A peer that takes no more than this is waited for. */
const maxQueuedBytes = 262_144
const connectTimeoutMillis = 10_000
const noBytes = new Uint8Array(0)

export class RecordingFailed extends Data.TaggedError("RecordingFailed")<{
  readonly file: string
  readonly reason: string
}> {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}

interface RecordingFile {
  /** What the file had before is gone from now on. */
  readonly begin: () => void
  readonly write: (bytes: Uint8Array) => void
}

/** A file of recordings, closed with the scope. Writing is synchronous: what was recorded survives a crash. */
const openFile = (file: string): Effect.Effect<RecordingFile, RecordingFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => Fs.openSync(file, Fs.constants.O_CREAT | Fs.constants.O_WRONLY),
      catch: (error) => new RecordingFailed({ file, reason: error instanceof Error ? error.message : String(error) })
    }),
    (descriptor) => Effect.sync(() => Fs.closeSync(descriptor))
  ).pipe(
    Effect.map((descriptor) => {
      const write = (bytes: Uint8Array) => void Fs.writeSync(descriptor, bytes)
      return {
        write,
        begin: () => {
          Fs.ftruncateSync(descriptor)
          write(magic)
        }
      }
    })
  )

/** Hands on until `from` closes. */
const handOn = (from: Connection, to: Connection, seen: (bytes: Uint8Array) => void) =>
  Effect.gen(function* () {
    while (true) {
      const bytes = yield* from.read
      seen(bytes)
      to.write(bytes)
      if (to.queuedBytes() > maxQueuedBytes) yield* to.drained
    }
  }).pipe(Effect.catchTag("ConnectionClosed", (_: ConnectionClosed) => Effect.void))

/** Records from now on until the scope closes; gives the port that clients may use. */
export const dump = Effect.fnUntraced(function* ({
  file,
  listen,
  to
}: DumpRequest): Effect.fn.Return<number, TransportFailed | RecordingFailed, Scope.Scope | Transport> {
  const transport = yield* Transport
  const { begin, write } = yield* openFile(file)
  const listens = yield* Deferred.make<void>()
  const begun = yield* Clock.currentTimeMillis
  const clock = yield* Clock.Clock
  let connections = 0

  const serve = Effect.fnUntraced(function* (client: Connection) {
    const connection = ++connections
    const record = (bytes: Uint8Array): void =>
      write(encodeEntry({ connection, timeMillis: clock.currentTimeMillisUnsafe() - begun, bytes }))
    const server = yield* transport.connect(to, { timeoutMillis: connectTimeoutMillis })
    const upstream = handOn(client, server, record)
    const downstream = handOn(server, client, () => undefined)
    // Whoever leaves first, the other gets what is on its way.
    yield* Effect.raceFirst(upstream, downstream)
    record(noBytes)
  }, Effect.scoped)

  const record = (client: Connection) =>
    Effect.catchTag(serve(client), "TransportFailed", (error) =>
      Effect.logWarning("connection refused", Cause.fail(error))
    )
  // A dump that cannot listen leaves an earlier recording as it is.
  const port = yield* transport.listen(listen, {}, (client) => Effect.andThen(Deferred.await(listens), record(client)))
  begin()
  yield* Deferred.succeed(listens, undefined)
  return port
})
