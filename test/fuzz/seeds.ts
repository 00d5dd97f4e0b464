/** Texts as bytes and back. */
export const bytesOf = (texts: ReadonlyArray<string>): ReadonlyArray<Uint8Array> =>
  texts.map((text) => Buffer.from(text))

export const textOf = (input: Uint8Array): string => Buffer.from(input).toString()
