/** The part of m3u8-parser that tests use; the package has no types. */
declare module "m3u8-parser" {
  interface ParsedPart {
    readonly uri: string
    readonly duration: number
    readonly independent?: boolean
  }
  interface ParsedSegment {
    readonly parts?: ReadonlyArray<ParsedPart>
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
      readonly partTargetDuration?: number
      readonly serverControl?: {
        readonly canBlockReload?: boolean
        readonly canSkipUntil?: number
        readonly partHoldBack?: number
      }
      readonly skip?: { readonly skippedSegments: number }
      readonly preloadSegment?: {
        readonly parts?: ReadonlyArray<ParsedPart>
        readonly preloadHints?: ReadonlyArray<{ readonly uri: string; readonly type: string }>
      }
    }
  }
}
