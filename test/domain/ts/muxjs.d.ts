/** The part of mux.js that tests use; the package has no types. */
declare module "mux.js" {
  interface Box {
    readonly type: string
    readonly boxes: ReadonlyArray<Box>
    readonly samples: ReadonlyArray<unknown>
  }
  interface Transmuxer {
    on(event: "data", listener: (segment: { readonly data: Uint8Array }) => void): void
    push(bytes: Uint8Array): void
    flush(): void
  }
  const muxjs: {
    readonly mp4: {
      readonly Transmuxer: new (options: { readonly keepOriginalTimestamps: boolean }) => Transmuxer
      readonly tools: { readonly inspect: (bytes: Uint8Array) => ReadonlyArray<Box> }
    }
  }
  export default muxjs
}
