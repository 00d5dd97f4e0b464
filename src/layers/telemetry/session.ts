/** What every session of every protocol has in common: a scope, a root span, two log lines, and one way to end. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { errorFacts } from "../../domain/errors/errorFacts.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { sessionId } from "../../domain/log/sessionId.ts"
import type { SessionKicked } from "../../services/Sessions.ts"
import { type SessionEnd, sessionEnd } from "../../domain/log/sessionEnd.ts"

/** The facts known when a session opens: span attributes, and on each of its log lines. */
export interface SessionFields {
  readonly "session.id": string
  readonly "client.address": string
  /** Names the root span: `rtmp` makes `rtmp.session`. */
  readonly "network.protocol.name": string
  readonly [key: string]: string
}

export type Facts = Readonly<Record<string, string | number | boolean>>

export interface SessionOptions {
  /** Failing it interrupts the session, whose end is then `kicked` for that error's reason. */
  readonly kicked?: Deferred.Deferred<never, SessionKicked> | undefined
  /** Counters and the like: read once, when the session's scope has closed. */
  readonly summary?: (() => Facts) | undefined
}

/** A session while it runs: where its facts go. */
export class RunningSession {
  readonly id: string
  readonly #span: Tracer.AnySpan | undefined
  readonly #facts: Record<string, string | number | boolean> = {}

  constructor(id: string, span: Tracer.AnySpan | undefined) {
    this.id = id
    this.#span = span
  }

  /** 32 hexadecimal digits; empty when nothing is traced. */
  get traceId(): string {
    return this.#span?.sampled ? this.#span.traceId : ""
  }

  /** Facts of the session so far, without those it opened with. */
  get facts(): Facts {
    return this.#facts
  }

  /** Adds facts to the root span, whichever span is current, and to the closing log line. */
  annotate(facts: Facts): void {
    Object.assign(this.#facts, facts)
    if (this.#span === undefined || !("attribute" in this.#span)) return
    for (const key in facts) this.#span.attribute(key, facts[key])
  }

  /** Marks a moment within the root span, whichever span is current; `atNanos` is the Clock's. */
  event(name: string, atNanos: bigint, facts: Facts = {}): void {
    if (this.#span !== undefined && "event" in this.#span) this.#span.event(name, atNanos, facts)
  }
}

/** The session that the current fiber belongs to. */
export class CurrentSession extends Context.Service<CurrentSession, RunningSession>()(
  "sluice/layers/telemetry/CurrentSession"
) {}

/** What a session needs and is given by `runSession`. */
export type Given<R> = Exclude<R, Scope.Scope | CurrentSession | Tracer.ParentSpan>

export const makeSessionId: Effect.Effect<string> = Effect.map(Random.Random, (random) =>
  sessionId(() => random.nextDoubleUnsafe())
)

/**
 * Runs a session in a scope, under a root span, between the log lines "session opened" and "session closed" or
 * "session failed". `ConnectionClosed` is an ordinary end. Never fails; only an interruption (kick, shutdown) goes on to
 * the calling fiber. Its scope closes first, then the end is logged inside the span, and last the span ends with the session's true exit.
 */
export const runSession =
  (fields: SessionFields, options: SessionOptions = {}) =>
  <A, E, R>(session: Effect.Effect<A, E, R>): Effect.Effect<void, never, Given<R>> =>
    Effect.makeSpan(`${fields["network.protocol.name"]}.session`, {
      root: true,
      kind: "server",
      attributes: fields
    }).pipe(
      Effect.flatMap((span) =>
        Effect.withFiber((fiber) => {
          const scope = Scope.makeUnsafe()
          const running = new RunningSession(fields["session.id"], span)
          const kick = listenForKick(options.kicked, fiber)
          const end = (exit: Exit.Exit<unknown, unknown>) => {
            kick.stop()
            if (options.summary !== undefined) running.annotate(options.summary())
            const facts = endOf(exit, kick.reason())
            running.annotate(facts)
            return logEnd(facts["session.end"], exit).pipe(
              Effect.annotateLogs(running.facts),
              Effect.andThen(Effect.map(Clock.currentTimeNanos, (now) => span.end(now, exit)))
            )
          }
          return Effect.logInfo("session opened").pipe(
            Effect.andThen(kick.reason() === undefined ? untilPeerLeaves(session, running) : Effect.interrupt),
            Effect.onExit((exit) =>
              Effect.andThen(
                Scope.close(scope, exit),
                Effect.suspend(() => end(exit))
              )
            ),
            // One step for all: each context between them would live as long as the session.
            Effect.updateContext((outer: Context.Context<Given<R>>) =>
              contextOf<R>(outer, scope, span, running, fields)
            )
          )
        })
      ),
      Effect.ignoreCause
    )

/** `Given<R>` and what is added here are `R`, which the compiler cannot see. */
const contextOf = <R>(
  outer: Context.Context<Given<R>>,
  scope: Scope.Scope,
  span: Tracer.Span,
  running: RunningSession,
  fields: SessionFields
): Context.Context<R> =>
  outer.pipe(
    Context.add(Scope.Scope, scope),
    Context.add(Tracer.ParentSpan, span),
    Context.add(CurrentSession, running),
    Context.add(References.CurrentLogAnnotations, {
      ...Context.get(outer, References.CurrentLogAnnotations),
      ...fields
    })
  ) as Context.Context<unknown> as Context.Context<R>

/** A peer that leaves is an ordinary end of any session. */
const untilPeerLeaves = <A, E, R>(session: Effect.Effect<A, E, R>, running: RunningSession) =>
  session.pipe(
    Effect.catch((error: E) => {
      if (errorFacts(error)["error.code"] !== srsErrors.SocketClosed) return Effect.fail(error)
      running.annotate({ "session.end_by": "peer" })
      return Effect.void
    })
  )

/** Interrupts the fiber when the kick comes, without a fiber of its own to wait for it: there is one per session. */
const listenForKick = (kicked: SessionOptions["kicked"], fiber: Fiber.Fiber<unknown, unknown>) => {
  let reason: string | undefined
  const onKick = (kick: Effect.Effect<never, SessionKicked>) => {
    reason = kickReason(kick)
    fiber.interruptUnsafe()
  }
  if (kicked?.effect !== undefined) reason = kickReason(kicked.effect)
  else if (kicked !== undefined) (kicked.resumes ??= []).push(onKick)
  return {
    reason: () => reason,
    stop: () => {
      const index = kicked?.resumes?.indexOf(onKick) ?? -1
      if (index >= 0) kicked?.resumes?.splice(index, 1)
    }
  }
}

const kickReason = (kick: Effect.Effect<never, SessionKicked>): string =>
  (Exit.isExit(kick) && Exit.isFailure(kick) ? Cause.prettyErrors(kick.cause)[0]?.message : undefined) ?? ""

const endOf = (exit: Exit.Exit<unknown, unknown>, kick: string | undefined): Facts & { "session.end": SessionEnd } => {
  if (Exit.isSuccess(exit)) return { "session.end": "closed" }
  if (Cause.hasInterruptsOnly(exit.cause)) {
    return kick === undefined ? { "session.end": "shutdown" } : { "session.end": "kicked", "session.end_reason": kick }
  }
  const error = Cause.squash(exit.cause)
  return { "session.end": sessionEnd(error), ...errorFacts(error) }
}

const logEnd = (end: SessionEnd, exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit) || (end !== "failed" && end !== "timeout")) return Effect.logInfo("session closed")
  // A typed error is the peer's fault or a limit; a defect is ours.
  return Cause.hasDies(exit.cause)
    ? Effect.logError("session failed", exit.cause)
    : Effect.logWarning("session failed", exit.cause)
}
