/** Files that segments share: init segments and keys. Written when the first one needs them. */
import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import { equals } from "../../domain/bytes/bytes.ts"
import { encrypt, keyLength } from "../../domain/hls/encrypt.ts"
import { fileName, isSafePath, type NameFacts, withExtension } from "../../domain/hls/fileName.ts"
import type { SegmentKey } from "../../domain/hls/Playlist.ts"
import { type SegmentFiles, StoreFailed } from "../../services/SegmentStore.ts"
import { type HlsSettings, keyUri } from "./options.ts"

export interface CurrentKey extends SegmentKey {
  readonly file: string
  readonly bytes: Uint8Array
}

export interface CompanionOptions {
  readonly playlistFile: string
  readonly files: SegmentFiles
  readonly keys: SegmentFiles
}

export class Companions {
  readonly #options: CompanionOptions
  /** A file is there. */
  readonly #place: (file: string, files: SegmentFiles) => void
  #key: CurrentKey | undefined
  #init: { readonly bytes: Uint8Array; readonly file: string } | undefined

  constructor(options: CompanionOptions, place: (file: string, files: SegmentFiles) => void) {
    this.#options = options
    this.#place = place
  }

  /** The next segment may need it. */
  isUsed(file: string): boolean {
    return file === this.#key?.file || file === this.#init?.file
  }

  forget(): void {
    this.#key = undefined
    this.#init = undefined
  }

  initFile(bytes: Uint8Array, sequence: number): Effect.Effect<string, StoreFailed> {
    const known = this.#init
    if (known !== undefined && equals(known.bytes, bytes)) return Effect.succeed(known.file)
    const { files, playlistFile } = this.#options
    const file = withExtension(playlistFile, `-init-${sequence}.mp4`)
    return Effect.map(files.write(file, bytes), () => {
      this.#init = { bytes, file }
      this.#place(file, files)
      return file
    })
  }

  keyFor(settings: HlsSettings, facts: NameFacts): Effect.Effect<CurrentKey, StoreFailed> {
    const known = this.#key
    if (known !== undefined && facts.sequence % Math.max(1, settings.fragmentsPerKey) !== 0) {
      return Effect.succeed(known)
    }
    const { keys, playlistFile } = this.#options
    const file = fileName(settings.keyFile, facts)
    if (!isSafePath(file)) return Effect.fail(new StoreFailed({ action: "write", file, reason: "no name of a file" }))
    const random = randomBytes(2 * keyLength)
    const bytes = random.subarray(0, keyLength)
    const iv = random.subarray(keyLength).toString("hex")
    return Effect.map(keys.write(file, bytes), () => {
      const key = { file, bytes, iv, uri: keyUri(settings, playlistFile, file) }
      this.#key = key
      this.#place(file, keys)
      return key
    })
  }
}

/** Each part is encrypted for itself, as its segment is, with the same key and vector: so hls.js reads them. */
export const encrypted = (bytes: Uint8Array, key: CurrentKey | undefined): Uint8Array =>
  key === undefined ? bytes : encrypt(bytes, key.bytes, Buffer.from(key.iv, "hex"))
