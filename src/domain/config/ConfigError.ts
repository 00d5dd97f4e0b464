/** What can be wrong with a configuration. */
import * as Data from "effect/Data"

interface Fault {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Path of the directive, such as `vhost.play.gop_cache`; empty outside of any. */
  readonly directive: string
  /** What is wrong. */
  readonly found: string
  /** What should be there; empty if nothing can be said. */
  readonly expected: string
  /** The known name that is most like it, if one is. */
  readonly nearest: string | undefined
}

/** What is wrong, without the place. */
export const faultDetail = ({ expected, found, nearest }: Fault): string => {
  const wanted = expected === "" ? "" : `, expected ${expected}`
  return `${found}${wanted}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`
}

/** `file:line:column`, or the file alone where the whole of it is meant. */
export const faultPlace = ({ column, file, line }: Fault): string => (line > 0 ? `${file}:${line}:${column}` : file)

const faultText = (fault: Fault): string => `${faultPlace(fault)}: ${faultDetail(fault)}`

/** The text does not follow the grammar. */
export class ConfigSyntax extends Data.TaggedError("ConfigSyntax")<Fault> {
  override get message() {
    return faultText(this)
  }
}

/** A file that cannot be read, or that includes too much. */
export class IncludeFailed extends Data.TaggedError("IncludeFailed")<Fault> {
  override get message() {
    return faultText(this)
  }
}

/** A name that nobody knows at this place. */
export class UnknownDirective extends Data.TaggedError("UnknownDirective")<Fault> {
  override get message() {
    return faultText(this)
  }
}

/** A directive whose arguments are not what it takes. */
export class InvalidArgument extends Data.TaggedError("InvalidArgument")<Fault> {
  override get message() {
    return faultText(this)
  }
}

/** Directives that contradict each other or the machine. */
export class ConfigConflict extends Data.TaggedError("ConfigConflict")<Fault> {
  override get message() {
    return faultText(this)
  }
}

export type ConfigError = ConfigSyntax | IncludeFailed | UnknownDirective | InvalidArgument | ConfigConflict

/** SRS's error number for all of them; the exit status is this modulo 256. */
export const configErrorCode = 1023
