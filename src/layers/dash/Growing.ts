/** A segment that is read while it is written: each reader has what is there at once, then each chunk as it comes. */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { concat } from "../../domain/bytes/bytes.ts"

/** Wakes all who wait. They run on after the one who wakes them, not within its call. */
export class News {
  #latch = Latch.makeUnsafe(false)

  /** Until `wake` is called next. */
  get wait(): Effect.Effect<void> {
    const latch = this.#latch
    return Effect.andThen(latch.await, Effect.yieldNow)
  }

  wake(): void {
    const latch = this.#latch
    this.#latch = Latch.makeUnsafe(false)
    Latch.openUnsafe(latch)
  }
}

export class Growing {
  readonly #chunks: Array<Uint8Array> = []
  readonly #news = new News()
  #whole: Uint8Array | undefined

  /** A plain call on the publisher's stack. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#news.wake()
  }

  /** With all of its bytes, those of the chunks among them. */
  end(whole: Uint8Array): void {
    this.#whole = whole
    this.#news.wake()
  }

  /** Nothing more comes, and it will never be whole. */
  abandon(): void {
    this.end(concat(this.#chunks))
  }

  get whole(): Uint8Array | undefined {
    return this.#whole
  }

  /** What one reader gets, from the beginning, piece by piece; then `end`. */
  read(): Effect.Effect<Uint8Array | "end"> {
    let taken = 0
    return Effect.gen({ self: this }, function* () {
      while (true) {
        const chunks = this.#chunks.slice(taken)
        taken += chunks.length
        if (chunks.length > 0) return concat(chunks)
        if (this.#whole !== undefined) return "end" as const
        yield* this.#news.wait
      }
    })
  }
}
