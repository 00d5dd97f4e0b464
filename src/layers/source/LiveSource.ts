/** One live source: its log, who publishes, who reads. Plain data, changed in synchronous steps by the registry. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { SourceLog, type Retention } from "../../domain/media/SourceLog.ts"
import { type StreamName, streamKey } from "../../domain/media/StreamName.ts"
import { held } from "../telemetry/held.ts"
import type { Source, SourceObserver, TakenOver } from "../../services/SourceRegistry.ts"

/** The publisher's claim on the name. Another object in its place means that it was taken over. */
export interface Slot {
  readonly sessionId: string
  readonly param: string
  readonly onTakenOver: (error: TakenOver) => void
}

export class LiveSource implements Source {
  readonly name: StreamName
  readonly key: string
  readonly log: SourceLog
  readonly observers = new Set<SourceObserver>()
  /** Publishes begin and end one after the other, also where that must wait. */
  readonly turn = Semaphore.makeUnsafe(1)
  slot: Slot | undefined
  /** What follows the publish (`onSource`) lives here, from the first publisher to the end of the last one's grace. */
  publishScope: Scope.Closeable | undefined
  /** Ends the publish when nobody came back within the grace period. */
  graceTimer: Fiber.Fiber<void> | undefined
  /** Of `log.overflows`, how many the log of the process has been told. */
  overflowsTold = 0
  readers = 0
  timesAreAbsolute = false
  /** Since when it has neither publisher nor reader, monotonic milliseconds. */
  idleSince = 0

  constructor(name: StreamName, retention: Retention) {
    this.name = name
    this.key = streamKey(name)
    this.log = new SourceLog(retention)
  }

  readonly publisher = () => this.slot

  readonly isRead = () => this.readers > 0

  readonly absoluteTimes = () => this.timesAreAbsolute

  readonly observe = (observer: SourceObserver) =>
    held(
      Effect.sync(() => void this.observers.add(observer)),
      () => Effect.sync(() => this.observers.delete(observer))
    )

  tell(event: keyof SourceObserver): void {
    for (const observer of this.observers) observer[event]?.()
  }
}
