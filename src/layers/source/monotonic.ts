/** Time for measuring how long something took: it does not jump when the system's clock is set. */
import type * as Clock from "effect/Clock"

/** Milliseconds since some moment. */
export const monotonicMillis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
