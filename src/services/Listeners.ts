/** Where this process listens: printed at start, and what a stream's URLs are made of. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export interface Listener {
  /** As printed: `RTMP`, `HTTP`, `HTTPS API` … */
  readonly name: string
  /** Empty for all addresses. */
  readonly host: string
  /** The port in use. */
  readonly port: number
}

export class Listeners extends Context.Service<Listeners, {
  /** Known until the scope closes. */
  readonly add: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
  readonly all: () => ReadonlyArray<Listener>
}>()("sluice/services/Listeners") {}
