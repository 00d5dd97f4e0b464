/** The grammar of SRS's configuration files: text in, a tree of directives or the first error out. */
import * as Result from "effect/Result"
import { ConfigSyntax, IncludeFailed } from "./ConfigError.ts"
import type { Directive, Directives, Place } from "./Directive.ts"

/** Text of a file to include, by the path as written, or why it cannot be read. */
export type Read = (path: string) => Result.Result<string, string>

/** Blocks inside blocks. */
export const maxDepth = 64
/** Files that include files. */
export const maxIncludeDepth = 16
/** Files included in all. */
export const maxIncludedFiles = 1000

type ParseError = ConfigSyntax | IncludeFailed

/** A directive whose block is open, and what was found in it so far. */
interface OpenBlock {
  readonly head: Omit<Directive, "block"> | undefined
  readonly directives: Array<Directive>
}

const isLineEnd = (char: string): boolean => char === "\n" || char === "\r"
const isBlank = (char: string): boolean => char === " " || char === "\t" || isLineEnd(char)

/** Parses one file, and by itself again each file that it includes. */
class FileParser {
  private offset: number
  private line = 1
  private lineStart: number
  private words: Array<string> = []
  private places: Array<Place> = []
  private readonly blocks: Array<OpenBlock> = [{ head: undefined, directives: [] }]
  private readonly text: string
  private readonly file: string
  private readonly include: (paths: Directive) => Result.Result<Directives, ParseError>

  constructor(text: string, file: string, include: (paths: Directive) => Result.Result<Directives, ParseError>) {
    this.text = text
    this.file = file
    this.include = include
    // Editors on Windows put a byte order mark in front.
    this.offset = text.startsWith("\uFEFF") ? 1 : 0
    this.lineStart = this.offset
  }

  parse(): Result.Result<Directives, ParseError> {
    while (this.offset < this.text.length) {
      const error = this.step(this.text[this.offset])
      if (error !== undefined) return Result.fail(error)
    }
    if (this.words.length > 0) return Result.fail(this.unexpected("end of file", '";" or "{"'))
    if (this.blocks.length > 1) return Result.fail(this.unexpected("end of file", '"}"'))
    return Result.succeed(this.blocks[0].directives)
  }

  /** One token, or one blank or comment between tokens. */
  private step(char: string): ParseError | undefined {
    if (isLineEnd(char)) return this.words.length > 0 ? this.unexpected("end of line", '";" or "{"') : this.newLine()
    if (isBlank(char)) {
      this.offset++
      return undefined
    }
    switch (char) {
      case "#":
        while (this.offset < this.text.length && !isLineEnd(this.text[this.offset])) this.offset++
        return undefined
      case ";":
        return this.words.length === 0 ? this.unexpected('";"', "a directive") : this.endDirective()
      case "{":
        return this.words.length === 0 ? this.unexpected('"{"', "a directive") : this.openBlock()
      case "}":
        return this.closeBlock()
      case '"':
      case "'":
        return this.quotedWord(char)
      default:
        return this.bareWord()
    }
  }

  private newLine(): undefined {
    const crLf = this.text[this.offset] === "\r" && this.text[this.offset + 1] === "\n"
    this.offset += crLf ? 2 : 1
    this.line++
    this.lineStart = this.offset
  }

  private bareWord(): undefined {
    const start = this.offset
    const place = this.place()
    while (this.offset < this.text.length) {
      const char = this.text[this.offset]
      if (isBlank(char) || char === ";" || char === "{") break
      this.offset++
    }
    this.words.push(this.text.slice(start, this.offset))
    this.places.push(place)
  }

  /** An empty pair of quotes is no word. */
  private quotedWord(quote: string): ParseError | undefined {
    const place = this.place()
    const start = ++this.offset
    while (this.offset < this.text.length && this.text[this.offset] !== quote) {
      if (isLineEnd(this.text[this.offset])) return this.unexpected("end of line", `the closing ${quote}`)
      this.offset++
    }
    if (this.offset === this.text.length) return this.unexpected("end of file", `the closing ${quote}`)
    if (this.offset > start) {
      this.words.push(this.text.slice(start, this.offset))
      this.places.push(place)
    }
    const next = this.text[++this.offset]
    if (next === undefined || isBlank(next) || next === ";" || next === "{") return undefined
    return this.unexpected(`"${next}" after a quoted word`, 'a blank, ";" or "{"')
  }

  private takeHead(): Omit<Directive, "block"> {
    const [name, ...args] = this.words
    const [place, ...argPlaces] = this.places
    this.words = []
    this.places = []
    this.offset++
    return { name, place, args, argPlaces }
  }

  private endDirective(): ParseError | undefined {
    const directive: Directive = { ...this.takeHead(), block: undefined }
    const { directives } = this.blocks[this.blocks.length - 1]
    if (directive.name !== "include") {
      directives.push(directive)
      return undefined
    }
    const included = this.include(directive)
    if (Result.isFailure(included)) return included.failure
    for (const each of included.success) directives.push(each)
    return undefined
  }

  private openBlock(): ParseError | undefined {
    if (this.blocks.length > maxDepth) return this.unexpected('"{"', `at most ${maxDepth} blocks inside each other`)
    if (this.words[0] === "include") return this.unexpected('"{"', '";" after the files to include')
    this.blocks.push({ head: this.takeHead(), directives: [] })
    return undefined
  }

  private closeBlock(): ParseError | undefined {
    if (this.words.length > 0) return this.unexpected('"}"', '";"')
    const block = this.blocks.pop()
    if (block?.head === undefined) return this.unexpected('"}"', "a directive")
    this.offset++
    this.blocks[this.blocks.length - 1].directives.push({ ...block.head, block: block.directives })
    return undefined
  }

  private place(): Place {
    return { file: this.file, line: this.line, column: this.offset - this.lineStart + 1 }
  }

  private unexpected(what: string, expected: string): ConfigSyntax {
    const open = this.blocks.flatMap(({ head }) => (head === undefined ? [] : [head.name]))
    const directive = [...open, ...this.words.slice(0, 1)].join(".")
    return new ConfigSyntax({ ...this.place(), directive, found: `unexpected ${what}`, expected, nearest: undefined })
  }
}

const includeFailed = ({ argPlaces, place }: Directive, index: number, found: string, expected: string) =>
  new IncludeFailed({ ...(argPlaces[index] ?? place), directive: "include", found, expected, nearest: undefined })

/** Parses a text that came from `file`; what it includes is asked of `read` and stands in its place. */
export const parse = (text: string, file: string, read: Read): Result.Result<Directives, ParseError> => {
  let files = 0
  const parseFile = (text: string, file: string, depth: number): Result.Result<Directives, ParseError> => {
    const include = (directive: Directive): Result.Result<Directives, ParseError> => {
      if (directive.args.length === 0) return Result.fail(includeFailed(directive, 0, "include", "a file"))
      const directives: Array<Directive> = []
      for (const [index, path] of directive.args.entries()) {
        if (depth === maxIncludeDepth || files === maxIncludedFiles) {
          const limits = `at most ${maxIncludeDepth} files inside each other and ${maxIncludedFiles} in all`
          return Result.fail(includeFailed(directive, index, `cannot include ${path}`, limits))
        }
        files++
        const content = read(path)
        if (Result.isFailure(content)) {
          return Result.fail(includeFailed(directive, index, `cannot include ${path}: ${content.failure}`, ""))
        }
        const included = parseFile(content.success, path, depth + 1)
        if (Result.isFailure(included)) return included
        for (const each of included.success) directives.push(each)
      }
      return Result.succeed(directives)
    }
    return new FileParser(text, file, include).parse()
  }
  return parseFile(text, file, 0)
}
