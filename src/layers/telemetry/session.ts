/** What every session of every protocol has in common: a scope, a root span, two log lines, and one way to end. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { errorFacts } from "../../domain/errors/errorFacts.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { sessionId } from "../../domain/log/sessionId.ts"
import type { Kickable, SessionRunner } from "../../services/Sessions.ts"
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
  /** A kick interrupts the session, whose end is then `kicked` for that reason. */
  readonly kickable?: Kickable | undefined
  /** Counters and the like: read once, when the session's scope has closed. */
  readonly summary?: (() => Facts) | undefined
}

/** What a session ends first of all: an object that is there anyway, where a finalizer would be three more. */
export interface Part {
  readonly end: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
}

/** A session while it runs: where its facts go, and what happens at its end, whichever fiber that comes in. */
export class RunningSession {
  readonly scope: Scope.Closeable
  readonly #fields: SessionFields
  readonly #options: SessionOptions
  readonly #span: Tracer.Span
  readonly #facts: Record<string, string | number | boolean> = {}
  #part: Part | undefined

  constructor(fields: SessionFields, options: SessionOptions, span: Tracer.Span, scope: Scope.Closeable) {
    this.scope = scope
    this.#fields = fields
    this.#options = options
    this.#span = span
  }

  get id(): string {
    return this.#fields["session.id"]
  }

  /** 32 hexadecimal digits; empty when nothing is traced. */
  get traceId(): string {
    return this.#span.sampled ? this.#span.traceId : ""
  }

  /** Adds facts to the root span, whichever span is current, and to the closing log line. */
  annotate(facts: Facts): void {
    Object.assign(this.#facts, facts)
  }

  /** To be ended before the scope closes; one. */
  consistsOf(part: Part): void {
    this.#part = part
  }

  /** Marks a moment within the root span, whichever span is current; `atNanos` is the Clock's. */
  event(name: string, atNanos: bigint, facts: Facts = {}): void {
    this.#span.event(name, atNanos, facts)
  }

  /** Interrupts whoever runs it when the session is kicked. False if it was already. */
  untilKicked(runner: SessionRunner): boolean {
    const { kickable } = this.#options
    if (kickable === undefined) return true
    if (kickable.kicked === undefined) kickable.runner = runner
    return kickable.kicked === undefined
  }

  /** What is run so is within the session: its scope, its span, its fields on each log line. */
  provide<A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, Given<R>> {
    // One step for all: each context between them would live as long as who waits in it.
    return Effect.updateContext(self, (outer: Context.Context<Given<R>>) => this.#contextOf<R>(outer))
  }

  /** `Given<R>` and what is added here are `R`, which the compiler cannot see. */
  #contextOf<R>(outer: Context.Context<Given<R>>): Context.Context<R> {
    return outer.pipe(
      Context.add(Scope.Scope, this.scope),
      Context.add(Tracer.ParentSpan, this.#span),
      Context.add(CurrentSession, this),
      Context.add(References.CurrentLogAnnotations, {
        ...Context.get(outer, References.CurrentLogAnnotations),
        ...this.#fields
      })
    ) as Context.Context<unknown> as Context.Context<R>
  }

  /** Ends its part and closes its scope, then logs the end inside the span, and last ends the span with the session's true exit. */
  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    const told = Effect.suspend(() => {
      const { kickable } = this.#options
      if (kickable !== undefined) kickable.runner = undefined
      if (this.#options.summary !== undefined) this.annotate(this.#options.summary())
      const facts = endOf(exit, kickable?.kicked?.message)
      this.annotate(facts)
      return Effect.annotateLogs(logEnd(facts["session.end"], exit), this.#facts)
    })
    const part = this.#part === undefined ? Effect.void : Effect.uninterruptible(this.#part.end(exit))
    return Effect.ensuring(part, Scope.close(this.scope, exit)).pipe(
      Effect.andThen(told),
      Effect.andThen(Effect.map(Clock.currentTimeNanos, (now) => this.#endSpan(now, exit)))
    )
  }

  /** It is told of its facts only now: they would be kept twice for as long as the session lasts. */
  #endSpan(now: bigint, exit: Exit.Exit<unknown, unknown>): void {
    const facts = { ...this.#fields, ...this.#facts }
    for (const key in facts) this.#span.attribute(key, facts[key])
    this.#span.end(now, exit)
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

/** By protocol, of which there are a few: each session would have a string of its own. */
const spanNames = new Map<string, string>()

const spanNameOf = (protocol: string): string => {
  const name = spanNames.get(protocol) ?? `${protocol}.session`
  spanNames.set(protocol, name)
  return name
}

/** Begins a session in this scope, which it closes at its end. */
export const openSession = (
  fields: SessionFields,
  options: SessionOptions = {},
  scope: Scope.Closeable = Scope.makeUnsafe()
): Effect.Effect<RunningSession> =>
  Effect.map(
    Effect.makeSpan(spanNameOf(fields["network.protocol.name"]), { root: true, kind: "server" }),
    (span) => new RunningSession(fields, options, span, scope)
  )

/**
 * Runs a session in a scope, under a root span, between the log lines "session opened" and "session closed" or
 * "session failed". `ConnectionClosed` is an ordinary end. Never fails; only an interruption (kick, shutdown) goes on to
 * the calling fiber. Its scope closes first, then the end is logged inside the span, and last the span ends with the session's true exit.
 */
export const runSession =
  (fields: SessionFields, options: SessionOptions = {}) =>
  <A, E, R>(session: Effect.Effect<A, E, R>): Effect.Effect<void, never, Given<R>> =>
    openSession(fields, options).pipe(
      Effect.flatMap((running) =>
        Effect.withFiber((fiber) => {
          const begins = running.untilKicked({ interrupt: () => fiber.interruptUnsafe() })
          return sessionOpened.pipe(
            Effect.andThen(begins ? untilPeerLeaves(session) : Effect.interrupt),
            Effect.onExit((exit) => running.end(exit)),
            (whole) => running.provide(whole)
          )
        })
      ),
      Effect.ignoreCause
    )

export const sessionOpened = Effect.logInfo("session opened")

/** A peer that leaves is an ordinary end of any session. */
export const untilPeerLeaves = <A, E, R>(session: Effect.Effect<A, E, R>) =>
  Effect.catch(session, (error: E) =>
    errorFacts(error)["error.code"] === srsErrors.SocketClosed
      ? Effect.map(CurrentSession, (running) => running.annotate({ "session.end_by": "peer" }))
      : Effect.fail(error)
  )

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
