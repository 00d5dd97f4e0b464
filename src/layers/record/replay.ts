/** `sluice replay`: sends a server what was recorded, at the pace of the recording or any other. */
import * as Fs from "node:fs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type MalformedRecording, type RecordEntry, RecordingReader } from "../../domain/record/Recording.ts"
import type { ReplayRequest } from "../../domain/record/recordCommands.ts"
import { type Connection, Transport, type TransportFailed } from "../../services/Transport.ts"
import { RecordingFailed } from "./dump.ts"

const readBytes = 1024 * 1024
/** A server that takes no more than this is waited for. */
const maxQueuedBytes = 1024 * 1024
const connectTimeoutMillis = 10_000

export interface Replayed {
  readonly connections: number
  readonly bytes: number
  /** Connections that the server closed before all was sent. */
  readonly closedByServer: number
  readonly receivedBytes: number
}

interface Open {
  readonly connection: Connection
  readonly scope: Scope.Closeable
  isClosed: boolean
}

const openFile = (
  file: string
): Effect.Effect<Effect.Effect<Uint8Array, RecordingFailed>, RecordingFailed, Scope.Scope> => {
  const attempt = <A>(action: () => A) =>
    Effect.try({
      try: action,
      catch: (error) => new RecordingFailed({ file, reason: error instanceof Error ? error.message : String(error) })
    })
  const descriptor = Effect.acquireRelease(
    attempt(() => Fs.openSync(file, "r")),
    (descriptor) => Effect.sync(() => Fs.closeSync(descriptor))
  )
  return Effect.map(descriptor, (descriptor) =>
    attempt(() => {
      const bytes = new Uint8Array(readBytes)
      return bytes.subarray(0, Fs.readSync(descriptor, bytes))
    })
  )
}

class Player {
  readonly #transport: Transport["Service"]
  readonly #request: ReplayRequest
  readonly #connections = new Map<number, Open>()
  readonly result = { connections: 0, bytes: 0, closedByServer: 0, receivedBytes: 0 }

  constructor(transport: Transport["Service"], request: ReplayRequest) {
    this.#transport = transport
    this.#request = request
  }

  readonly play = Effect.fnUntraced({ self: this }, function* (entry: RecordEntry, begunMillis: number) {
    const { speed } = this.#request
    if (speed > 0) {
      const due = begunMillis + entry.timeMillis / speed
      yield* Effect.sleep(Math.max(0, due - (yield* Clock.currentTimeMillis)))
    }
    const open = this.#connections.get(entry.connection) ?? (yield* this.#open(entry.connection))
    if (entry.bytes.length === 0) return yield* this.#end(entry.connection, open)
    if (open.isClosed) return
    open.connection.write(entry.bytes)
    this.result.bytes += entry.bytes.length
    if (open.connection.queuedBytes() > maxQueuedBytes) yield* Effect.ignore(open.connection.drained)
  })

  readonly endAll = Effect.suspend(() =>
    Effect.forEach([...this.#connections], ([id, open]) => this.#end(id, open), { discard: true })
  )

  readonly #open = Effect.fnUntraced({ self: this }, function* (id: number) {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const dialled = this.#transport.connect(this.#request.to, { timeoutMillis: connectTimeoutMillis })
    const open: Open = { connection: yield* Scope.provide(dialled, scope), scope, isClosed: false }
    this.#connections.set(id, open)
    this.result.connections++
    yield* Effect.forkIn(this.#discard(open), scope)
    return open
  })

  /** What the server answers is not looked at. */
  readonly #discard = (open: Open) =>
    Effect.gen({ self: this }, function* () {
      while (true) this.result.receivedBytes += (yield* open.connection.read).length
    }).pipe(
      Effect.catchTag("ConnectionClosed", () =>
        Effect.sync(() => {
          open.isClosed = true
          this.result.closedByServer++
        })
      )
    )

  readonly #end = (id: number, { scope }: Open) =>
    Effect.suspend(() => {
      this.#connections.delete(id)
      return Scope.close(scope, Exit.void)
    })
}

/** Done when all was sent and all connections are closed, those too that the recording leaves open. */
export const replay = Effect.fnUntraced(function* (
  request: ReplayRequest
): Effect.fn.Return<Replayed, TransportFailed | RecordingFailed | MalformedRecording, Scope.Scope | Transport> {
  const read = yield* openFile(request.file)
  const player = new Player(yield* Transport, request)
  const reader = new RecordingReader()
  const begun = yield* Clock.currentTimeMillis
  for (let bytes = yield* read; bytes.length > 0; bytes = yield* read) {
    for (const entry of yield* Effect.fromResult(reader.push(bytes))) yield* player.play(entry, begun)
  }
  yield* player.endAll
  return player.result
})
