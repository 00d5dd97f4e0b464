/** What the video configurations tell about the picture. */

/** Luma samples on a side: twice what the highest level of any codec here allows. */
export const maxPictureSide = 32_768

/** Bytes of one parameter set or sequence header that are looked at: real ones have some dozen. */
export const maxParameterSetLength = 4096

/** Pixels after cropping. */
export interface PictureSize {
  readonly width: number
  readonly height: number
}

/** Neither empty nor beyond `maxPictureSide`. */
export const isPlausible = ({ width, height }: PictureSize): boolean =>
  width > 0 && height > 0 && width <= maxPictureSide && height <= maxPictureSide

/** Upper-case hexadecimal of at least `digits` digits. */
export const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0")

/** Decimal of at least two digits, as the CODECS parameters of AV1 and VP9 have them. */
export const twoDigits = (value: number): string => String(value).padStart(2, "0")
