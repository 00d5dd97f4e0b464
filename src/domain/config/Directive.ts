/** The tree that a configuration file is: directives with arguments, some with a block. */

/** Where something was written. Lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Directive {
  readonly name: string
  readonly place: Place
  readonly args: ReadonlyArray<string>
  /** Of each argument. */
  readonly argPlaces: ReadonlyArray<Place>
  /** `undefined` for a directive that ends with a semicolon. */
  readonly block: ReadonlyArray<Directive> | undefined
}

export type Directives = ReadonlyArray<Directive>

export const placeText = ({ column, file, line }: Place): string => `${file}:${line}:${column}`

/** The first of that name: only that one counts. */
export const find = (directives: Directives, name: string): Directive | undefined =>
  directives.find((directive) => directive.name === name)

/** Every one of that name, for those that may stand several times. */
export const findAll = (directives: Directives, name: string): Directives =>
  directives.filter((directive) => directive.name === name)

/** What is inside the first block of that name; nothing without it. */
export const inside = (directives: Directives, name: string): Directives => find(directives, name)?.block ?? []

const bare = /^[^\s;{}'"#][^ \t\r\n;{]*$/

/**
 * A word as the grammar reads it back. Every word of a parsed tree has such a form; one that would need both kinds of
 * quotes has not.
 */
export const wordText = (word: string): string => {
  if (bare.test(word)) return word
  return word.includes('"') ? `'${word}'` : `"${word}"`
}

/** The text of a tree, two spaces for each level. */
export const print = (directives: Directives, indent = ""): string =>
  directives
    .map(({ args, block, name }) => {
      const head = indent + [name, ...args].map(wordText).join(" ")
      return block === undefined ? `${head};\n` : `${head} {\n${print(block, `${indent}  `)}${indent}}\n`
    })
    .join("")
