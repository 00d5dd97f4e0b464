/** Content types by extension, as SRS sends them, and those that pages of today need beside. */

const types: ReadonlyMap<string, string> = new Map([
  ["ts", "video/MP2T"],
  ["flv", "video/x-flv"],
  ["m4v", "video/x-m4v"],
  ["3gpp", "video/3gpp"],
  ["3gp", "video/3gpp"],
  ["mp4", "video/mp4"],
  ["mp4v", "video/mp4"],
  ["mkv", "video/x-matroska"],
  ["webm", "video/webm"],
  ["aac", "audio/x-aac"],
  ["mp3", "audio/mpeg"],
  ["m4a", "audio/x-m4a"],
  ["ogg", "audio/ogg"],
  ["opus", "audio/ogg"],
  ["wav", "audio/wav"],
  ["m3u8", "application/vnd.apple.mpegurl"],
  ["mpd", "application/dash+xml"],
  ["m4s", "video/iso.segment"],
  ["vtt", "text/vtt"],
  ["rss", "application/rss+xml"],
  ["json", "application/json"],
  ["map", "application/json"],
  ["swf", "application/x-shockwave-flash"],
  ["doc", "application/msword"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["rar", "application/x-rar-compressed"],
  ["wasm", "application/wasm"],
  ["xml", "text/xml"],
  ["txt", "text/plain"],
  ["html", "text/html"],
  ["htm", "text/html"],
  ["js", "text/javascript"],
  ["mjs", "text/javascript"],
  ["css", "text/css"],
  ["ico", "image/x-icon"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["svg", "image/svg+xml"],
  ["woff2", "font/woff2"]
])

/** Of the last name in a path, in lower case and without dot; empty if it has none. */
export const extensionOf = (path: string): string => {
  const name = path.slice(path.lastIndexOf("/") + 1)
  const dot = name.lastIndexOf(".")
  return dot < 1 ? "" : name.slice(dot + 1).toLowerCase()
}

export const mimeType = (path: string): string => types.get(extensionOf(path)) ?? "application/octet-stream"
