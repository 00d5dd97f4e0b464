/**
 * Sessions that wait without a fiber in them. Who waits in the middle of a conversation holds every operator and closure
 * around it, some 14 KB in Effect 4.1: a session that has nothing to decide is a few plain objects instead, and each
 * decision runs in a fiber of its own.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Detached } from "../../services/Transport.ts"
import { type Given, type RunningSession, sessionOpened, untilPeerLeaves } from "./session.ts"

/** A piece of a session: it ends the session, or says what is waited for before the next. */
export type Phase<E, R> = Effect.Effect<Idle<E, R> | void, E, R>

type Provided<E, R> = Effect.Effect<Idle<E, R> | void, E, Given<R>>

export interface Idle<E, R> {
  /** Waits by plain calls, until it calls `goOn`, once. */
  readonly wait: (waiter: Waiter<E, R>) => void
  /** The session ends meanwhile. */
  readonly cancel: () => void
}

export interface Waiter<E, R> {
  readonly goOn: (next: Phase<E, R>) => void
}

export interface Begun<E, R> {
  readonly running: RunningSession
  readonly first: Phase<E, R>
}

class Phased<E, R> implements Waiter<E, R>, Detached {
  readonly #context: Context.Context<Given<R>>
  #stage: "running" | "interrupted" | "ended" = "running"
  #onEnd: ((ended: Detached) => void) | undefined
  #running: RunningSession | undefined
  #fiber: Fiber.Fiber<unknown, unknown> | undefined
  #idle: Idle<E, R> | undefined

  constructor(context: Context.Context<Given<R>>) {
    this.#context = context
  }

  onEnd(listener: (ended: Detached) => void): void {
    this.#onEnd = listener
    if (this.#stage === "ended") listener(this)
  }

  #ended(): void {
    this.#stage = "ended"
    this.#onEnd?.(this)
  }

  begin(begin: Effect.Effect<Begun<E, R> | undefined, never, Given<R>>): void {
    this.#run(
      Effect.flatMap(begin, (begun) => {
        if (begun === undefined) return Effect.void
        const { first, running } = begun
        this.#running = running
        if (!running.untilKicked(this)) this.#stage = "interrupted"
        return inSession(running, Effect.andThen(sessionOpened, this.#stage === "running" ? first : Effect.interrupt))
      })
    )
  }

  goOn(next: Phase<E, R>): void {
    const running = this.#running
    if (this.#idle === undefined || running === undefined) return
    this.#idle = undefined
    this.#run(inSession(running, next))
  }

  /** Ends the session wherever it is. */
  interrupt(): void {
    if (this.#stage !== "running") return
    this.#stage = "interrupted"
    // One that begins sees it by itself.
    if (this.#running === undefined) return
    const idle = this.#idle
    if (idle === undefined) return this.#fiber?.interruptUnsafe()
    this.#idle = undefined
    idle.cancel()
    this.#close(this.#running)
  }

  #run(phase: Provided<E, R>): void {
    const fiber = this.#fork(phase)
    this.#fiber = fiber
    // It may have ended already.
    fiber.addObserver((exit) => {
      this.#fiber = undefined
      const idle = Exit.isSuccess(exit) ? exit.value : undefined
      const running = this.#running
      if (idle === undefined || running === undefined) return this.#ended()
      if (this.#stage !== "running") return this.#close(running)
      this.#idle = idle
      idle.wait(this)
    })
  }

  /** Of a session that was interrupted where it waits. */
  #close(running: RunningSession): void {
    this.#fork(running.provide(running.end(Exit.interrupt()))).addObserver(() => this.#ended())
  }

  #fork<A, E2>(effect: Effect.Effect<A, E2, Given<R>>): Fiber.Fiber<A, E2> {
    return Effect.runForkWith(this.#context)(effect)
  }
}

/** A phase that does not end with a wait ends the session, in the same fiber. */
const inSession = <E, R>(running: RunningSession, phase: Phase<E, R>): Provided<E, R> => {
  const ended = Effect.onExit(untilPeerLeaves(phase), (exit) =>
    Exit.isSuccess(exit) && exit.value !== undefined ? Effect.void : running.end(exit)
  )
  return running.provide(ended)
}

/** As `runSession`, phase by phase. Nothing happens if `begin` returns nothing. */
export const runPhases = <E, R>(
  begin: Effect.Effect<Begun<E, R> | undefined, never, Given<R>>
): Effect.Effect<Detached, never, Given<R>> =>
  Effect.contextWith((context: Context.Context<Given<R>>) =>
    Effect.sync(() => {
      const phased = new Phased<E, R>(context)
      phased.begin(begin)
      return phased
    })
  )

/** Ends it, and waits for that. */
export const interruptDetached = (detached: Detached): Effect.Effect<void> =>
  Effect.callback((resume) => {
    detached.onEnd(() => resume(Effect.void))
    detached.interrupt()
  })

/** Waits for the end of what goes on without a fiber. An interruption ends it. */
export const attached = <E, R>(serving: Effect.Effect<void | Detached, E, R>): Effect.Effect<void, E, R> =>
  Effect.flatMap(serving, (detached) =>
    detached === undefined
      ? Effect.void
      : Effect.callback<void>((resume) => {
          detached.onEnd(() => resume(Effect.void))
          return interruptDetached(detached)
        })
  )
