/** Paths of requests as paths below a directory. */

/** Longest path below a directory, characters. */
export const maxFilePathLength = 1024

/** A name that begins with a dot is nobody's to see, except the one that RFC 8615 makes public. */
const isHidden = (segment: string): boolean => segment.startsWith(".") && segment !== ".well-known"

/**
 * The file that a decoded path without leading slash means: `index.html` for a folder, that is for an empty path and for
 * one that ends in `/`. `undefined` for whatever might leave the directory, and for hidden files.
 */
export const filePath = (path: string): string | undefined => {
  if (path.length > maxFilePathLength || path.startsWith("/") || /[\0\\]/.test(path)) return undefined
  const file = path === "" || path.endsWith("/") ? `${path}index.html` : path
  const segments = file.split("/")
  return segments.some((segment) => segment === "" || isHidden(segment)) ? undefined : file
}
