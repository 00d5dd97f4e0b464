/** Of segments and init segments, by their names. */
const contentTypes: Readonly<Record<string, string>> = {
  ts: "video/MP2T",
  m4s: "video/iso.segment",
  mp4: "video/mp4"
}

export const contentTypeOf = (file: string): string =>
  contentTypes[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream"
