/** Where this process listens, and at which URLs a stream can be played: printed, and given to those who ask. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { TlsFiles, TransportFailed } from "./Transport.ts"

export interface Listener {
  /** As printed: `RTMP`, `HTTP`, `HTTPS API` … */
  readonly name: string
  /** Empty for all addresses. */
  readonly host: string
  /** The port in use. */
  readonly port: number
}

/** A listener that the settings ask for. */
export interface WantedListener {
  /** The same for as long as it needs not be opened anew. */
  readonly key: string
  /** What is read from files when it is opened: renewed ones open it anew, ones that cannot be used leave it as it is. */
  readonly tls?: TlsFiles | undefined
  readonly open: Effect.Effect<void, TransportFailed, Scope.Scope>
}

/** All URLs of one protocol at which a stream can be played, for a reader on this machine. */
export type PlayUrls = (stream: StreamName) => ReadonlyArray<string>

export class Listeners extends Context.Service<
  Listeners,
  {
    /** Known until the scope closes. */
    readonly add: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
    /**
     * Opens what is wanted, and closes and opens after each reload what is wanted no more and what is new, until the scope
     * closes. Fails if one of the first cannot be opened; one of a reload is told and tried again with the next reload.
     */
    readonly follow: (wanted: () => ReadonlyArray<WantedListener>) => Effect.Effect<void, TransportFailed, Scope.Scope>
    /** Closes all that `follow` has opened, for good: no reload opens them again. */
    readonly close: Effect.Effect<void>
    /** They were closed so: whoever is served now is served a last time. */
    readonly areClosing: () => boolean
    readonly all: () => ReadonlyArray<Listener>
    /** Contributes the URLs of a protocol until the scope closes. */
    readonly playable: (urls: PlayUrls) => Effect.Effect<void, never, Scope.Scope>
    readonly playUrls: PlayUrls
  }
>()("sluice/services/Listeners") {}
