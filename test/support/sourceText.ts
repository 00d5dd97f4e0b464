/** Just enough of TypeScript's lexical grammar to find imports, and code that is neither comment nor string. */

export interface Import {
  readonly line: number
  readonly specifier: string
  /** What stands between `import` and `from`: `* as Effect`, `type { A }`; empty for a side effect or `import()`. */
  readonly clause: string
  readonly reexport: boolean
}

/** A comment, a string, a template, or a regular expression where one may begin: in that order of precedence. */
const token = new RegExp(
  [
    /\/\/[^\n]*/,
    /\/\*[^]*?\*\//,
    /"(?:[^"\\\n]|\\.)*"/,
    /'(?:[^'\\\n]|\\.)*'/,
    /`(?:[^`\\]|\\[^])*`/,
    /(?<=(?:^|[=(,:[!&|?{};+]|=>|return)\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/
  ]
    .map(({ source }) => source)
    .join("|"),
  "gm"
)

const blank = (text: string) => text.replace(/[^\n]/g, " ")

/** The same text with comments and the contents of strings made blank, so that offsets and lines stay. */
export const blankComments = (text: string): string =>
  text.replace(token, (found) => {
    if (found.startsWith("`")) return blankTemplate(found)
    return /^["']/.test(found) ? found[0] + blank(found.slice(1, -1)) + found.at(-1) : blank(found)
  })

/** Keeps the expressions of a template, which are code. */
const blankTemplate = (template: string): string => {
  let out = ""
  let end = 0
  for (const expression of template.matchAll(/\$\{[^{}]*\}/g)) {
    out += blank(template.slice(end, expression.index)) + blankComments(expression[0])
    end = expression.index + expression[0].length
  }
  return out + blank(template.slice(end))
}

/** Imports and re-exports of every form, type-only ones too, in the order of the text. */
export const imports = (text: string): ReadonlyArray<Import> => {
  const code = blankComments(text)
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*(["'])( *)\1/g)].map((match) => {
    const quote = match.index + match[0].length - match[2]!.length - 1
    const statement = code.slice(0, match.index).match(/\b(import|export)\s+((?:(?!\b(?:import|export)\s)[^])*)$/)
    const named = match[0].startsWith("from") && statement !== null
    return {
      line: code.slice(0, match.index).split("\n").length,
      specifier: text.slice(quote, quote + match[2]!.length),
      clause: named ? statement[2]!.trim() : "",
      reexport: named && statement[1] === "export"
    }
  })
}
