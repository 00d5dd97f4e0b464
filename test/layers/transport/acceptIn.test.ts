import { expect } from "bun:test"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { acceptIn } from "../../../src/layers/transport/acceptIn.ts"
import { MemoryConnection } from "../../../src/layers/transport/Memory.ts"
import type { Detached } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"

const connection = () => MemoryConnection.pair({}, 1935, "192.0.2.7:4711")[1]

/** Goes on until it is told, or interrupted. */
class Talk implements Detached {
  #listener: ((ended: Detached) => void) | undefined
  interrupts = 0

  onEnd(listener: (ended: Detached) => void): void {
    this.#listener = listener
  }

  interrupt(): void {
    this.interrupts++
    this.end()
  }

  end(): void {
    this.#listener?.(this)
  }
}

effect("a connection ends after the fiber that serves it", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const served = connection()
    const accept = yield* acceptIn(scope, () => Effect.sleep(10))
    accept(served)
    yield* TestClock.adjust(5)
    expect(served.isClosed).toBe(false)
    yield* TestClock.adjust(5)
    expect(served.isClosed).toBe(true)
    yield* Scope.close(scope, Exit.void)
  })
)

effect("a connection whose conversation goes on without a fiber ends after that, or with the scope", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const talks = [new Talk(), new Talk()]
    const [first, second] = [connection(), connection()]
    let served = 0
    const accept = yield* acceptIn(scope, () => Effect.sync(() => talks[served++]!))
    accept(first)
    accept(second)
    yield* TestClock.adjust(0)
    expect([first.isClosed, second.isClosed]).toEqual([false, false])
    talks[0]!.end()
    yield* TestClock.adjust(0)
    expect([first.isClosed, second.isClosed]).toEqual([true, false])
    yield* Scope.close(scope, Exit.void)
    expect(second.isClosed).toBe(true)
    expect(talks.map(({ interrupts }) => interrupts)).toEqual([0, 1])
  })
)

effect("a client that has left already is nobody's", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    let served = 0
    const accept = yield* acceptIn(scope, () => Effect.sync(() => void served++))
    const [, gone] = MemoryConnection.pair({}, 1935, "")
    accept(gone)
    yield* TestClock.adjust(0)
    expect([served, gone.isClosed]).toEqual([0, true])
    yield* Scope.close(scope, Exit.void)
  })
)
