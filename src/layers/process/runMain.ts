/** The process around the server: its signals, its end and its exit status. */
import * as os from "node:os"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { errorFacts } from "../../domain/errors/errorFacts.ts"
import { exitStatus } from "../../domain/errors/SrsError.ts"
import { ProcessControl } from "../../services/ProcessControl.ts"
import { type VitalLoopDied, VitalLoops } from "../../services/Telemetry.ts"
import { daemonReport } from "./daemon.ts"

/** A shutdown that takes longer is cut short: a signal means gone, promptly. */
export const maxShutdownMillis = 3000

/**
 * Runs the server until it fails, a vital loop dies, it asks to quit, or SIGINT or SIGTERM comes, each of which
 * releases all that it holds. A SIGTERM may be taken over (`force_grace_quit`). The exit status is 0 for a signal or a wish to quit, else the error's number modulo 256,
 * 1 where it has none. An error is told on standard error, and to the parent that waits for a daemon to listen; what is
 * thrown outside of any fiber is told there too, and the process goes on.
 */
export const runMain = <E>(program: Effect.Effect<unknown, E>): void => {
  const signals: Signals = { takers: new Set(), last: undefined }
  run(signals)(supervise(program, signals), {
    disableErrorReporting: true,
    teardown: (exit, onExit) =>
      onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : exitStatus(codeOf(exit.cause)))
  })
}

const tellUncaught = (error: unknown): void => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`sluice: uncaught: ${text}\n`)
}

interface Signals {
  /** Those who may take a SIGTERM over. */
  readonly takers: Set<() => boolean>
  /** The number of the one that ends the process. */
  last: number | undefined
}

const run = (signals: Signals) =>
  Runtime.makeRunMain(({ fiber, teardown }) => {
    let stopping = false
    const stop = (signal: "SIGINT" | "SIGTERM") => {
      signals.last = os.constants.signals[signal]
      if (stopping) process.exit(0)
      stopping = true
      setTimeout(() => process.exit(0), maxShutdownMillis).unref()
      fiber.interruptUnsafe(fiber.id)
    }
    // Thrown where no fiber runs, in a callback of the platform or of a library: one session's bug, not the process's end.
    process.on("uncaughtException", tellUncaught)
    process.on("unhandledRejection", tellUncaught)
    process.on("SIGINT", () => stop("SIGINT"))
    process.on("SIGTERM", () => {
      if (stopping || ![...signals.takers].some((takesOver) => takesOver())) stop("SIGTERM")
    })
    fiber.addObserver((exit) => teardown(exit, (status) => process.exit(status)))
  })

const supervise = <E>(program: Effect.Effect<unknown, E>, signals: Signals) =>
  Effect.gen(function* () {
    const report = daemonReport()
    const ended = yield* Deferred.make<void, VitalLoopDied>()
    return yield* Effect.raceFirst(program, Deferred.await(ended)).pipe(
      Effect.provideService(VitalLoops, { died: (error) => Effect.asVoid(Deferred.fail(ended, error)) }),
      Effect.provideService(ProcessControl, {
        quit: Effect.asVoid(Deferred.succeed(ended, undefined)),
        listening: report.listening,
        endedBy: () => signals.last,
        onTerminate: (takesOver) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => signals.takers.add(takesOver)),
              () => Effect.sync(() => signals.takers.delete(takesOver))
            )
          )
      }),
      Effect.tapCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.void
        const text = failureText(cause)
        process.stderr.write(`sluice: ${text}\n`)
        return report.failed(codeOf(cause), text)
      })
    )
  })

const codeOf = (cause: Cause.Cause<unknown>): number => errorFacts(Cause.squash(cause))["error.code"] ?? 1

/** The stack only of our own bugs. */
const failureText = (cause: Cause.Cause<unknown>): string =>
  Cause.hasDies(cause)
    ? Cause.pretty(cause)
    : Cause.prettyErrors(cause)
        .map((error) => error.message)
        .join("\n")
