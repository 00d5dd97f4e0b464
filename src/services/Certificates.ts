/** Certificates in files: what they hold, for those who must notice a renewal under the same name, and TLS with them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Connection, TlsFiles, TransportFailed } from "./Transport.ts"

/** Without one provided, all certificates are alike: in memory nobody encrypts. */
export const Certificates = Context.Reference<{
  /** The same text for the same contents. Fails for files that cannot be read, or are no key and its certificate. */
  readonly contents: (files: TlsFiles) => Effect.Effect<string, TransportFailed>
  /** Reads them, and gives what begins TLS on a connection that was in the clear so far, until the scope closes. */
  readonly server: (
    files: TlsFiles
  ) => Effect.Effect<(connection: Connection) => Effect.Effect<Connection, never, Scope.Scope>, TransportFailed>
}>("sluice/services/Certificates", {
  defaultValue: () => ({ contents: () => Effect.succeed(""), server: () => Effect.succeed(Effect.succeed) })
})
