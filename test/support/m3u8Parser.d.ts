/** The part of m3u8-parser that tests use; the package has no types. */
declare module "m3u8-parser" {
  interface ParsedSegment {
    readonly uri: string
    readonly duration: number
    readonly discontinuity?: boolean
    readonly key?: { readonly uri: string }
    readonly map?: { readonly uri: string }
  }
  class Parser {
    push(text: string): void
    end(): void
    readonly manifest: {
      readonly mediaSequence: number
      readonly discontinuitySequence: number
      readonly targetDuration: number
      readonly segments: ReadonlyArray<ParsedSegment>
    }
  }
}
