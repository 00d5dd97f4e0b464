/** What the files of a certificate hold, for those who must notice that it was renewed under the same name. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { TlsFiles, TransportFailed } from "./Transport.ts"

/** Without one provided, all certificates are alike: in memory nobody encrypts. */
export const Certificates = Context.Reference<{
  /** The same text for the same contents. Fails for files that cannot be read, or are no key and its certificate. */
  readonly contents: (files: TlsFiles) => Effect.Effect<string, TransportFailed>
}>("sluice/services/Certificates", { defaultValue: () => ({ contents: () => Effect.succeed("") }) })
