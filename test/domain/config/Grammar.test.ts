import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import * as Result from "effect/Result"
import { type Directives, placeText, print } from "../../../src/domain/config/Directive.ts"
import { maxDepth, maxIncludeDepth, parse, type Read } from "../../../src/domain/config/Grammar.ts"
import { fuzzCount, randomOf } from "./random.ts"

const noFiles: Read = () => Result.fail("no such file")

const parseText = (text: string) => parse(text, "a.conf", noFiles)

/** Nested arrays: name, arguments, and the block as an array at the end. */
const shape = (directives: Directives): ReadonlyArray<unknown> =>
  directives.map(({ args, block, name }) => (block === undefined ? [name, ...args] : [name, ...args, shape(block)]))

const accepted: ReadonlyArray<readonly [name: string, text: string, shape: ReadonlyArray<unknown>]> = [
  ["nothing", "", []],
  ["blanks of all kinds and comments", " \t\r\n# listen 1;\n#", []],
  ["a directive without arguments", "listen;", [["listen"]]],
  ["several arguments", "listen 1935 [::]:1936;", [["listen", "1935", "[::]:1936"]]],
  ["blanks before the semicolon", "listen 1935 \t ;", [["listen", "1935"]]],
  [
    "several directives on a line",
    "a 1;b 2;",
    [
      ["a", "1"],
      ["b", "2"]
    ]
  ],
  ["a block", "play { gop_cache off; }", [["play", [["gop_cache", "off"]]]]],
  ["a block that touches its name", "play{a b;}", [["play", [["a", "b"]]]]],
  ["a block with an argument", "vhost __defaultVhost__ {}", [["vhost", "__defaultVhost__", []]]],
  [
    "a directive right after a block",
    "a {}b 1;",
    [
      ["a", []],
      ["b", "1"]
    ]
  ],
  [
    "blocks in blocks",
    "a { b { c 1; } d 2; }",
    [
      [
        "a",
        [
          ["b", [["c", "1"]]],
          ["d", "2"]
        ]
      ]
    ]
  ],
  ["a # inside a word", "a b#c;", [["a", "b#c"]]],
  ["a } inside a word", "foo} bar};", [["foo}", "bar}"]]],
  ["quotes inside a word", `a b"c'd;`, [["a", `b"c'd`]]],
  [
    "a comment after ; { and }",
    "a 1;# x\nb {# y\n}# z",
    [
      ["a", "1"],
      ["b", []]
    ]
  ],
  ["a comment that ends at CR", "# x\ra 1;", [["a", "1"]]],
  ["double quotes", `a "b c;{}#'";`, [["a", "b c;{}#'"]]],
  ["single quotes", `a 'b c;{}#"';`, [["a", 'b c;{}#"']]],
  ["a quoted name", `"a b" c;`, [["a b", "c"]]],
  ["no escapes in quotes", String.raw`a "b\";`, [["a", "b\\"]]],
  ["empty quotes as no argument", `a "" '' b;`, [["a", "b"]]],
  ["a quoted word before a block", `a "b"{}`, [["a", "b", []]]],
  [
    "CR LF",
    "a 1;\r\nb 2;\r\n",
    [
      ["a", "1"],
      ["b", "2"]
    ]
  ],
  ["a byte order mark", "\uFEFFa 1;", [["a", "1"]]],
  [
    "the same name several times, in order",
    "a 1; a 2;",
    [
      ["a", "1"],
      ["a", "2"]
    ]
  ],
  ["blanks that are none to SRS", "a b\u00a0c;", [["a", "b\u00a0c"]]]
]

for (const [name, text, expected] of accepted) {
  test(`reads ${name}`, () => {
    expect(Result.map(parseText(text), shape)).toEqual(Result.succeed(expected))
  })
}

const refused: ReadonlyArray<readonly [name: string, text: string, message: string]> = [
  ["a line end after the name", "listen\n1935;", '1:7: unexpected end of line, expected ";" or "{"'],
  ["a line end before the brace", "hls\n{}", '1:4: unexpected end of line, expected ";" or "{"'],
  ["a comment before the semicolon", "listen 1935 # x\n;", '1:16: unexpected end of line, expected ";" or "{"'],
  ["a CR before the semicolon", "listen 1935\r;", '1:12: unexpected end of line, expected ";" or "{"'],
  ["a semicolon alone", "a 1;\n  ;", '2:3: unexpected ";", expected a directive'],
  ["a semicolon after a block", "a {};", '1:5: unexpected ";", expected a directive'],
  ["a brace alone", "\r\n{", '2:1: unexpected "{", expected a directive'],
  ["an empty quote as a name", `"";`, '1:3: unexpected ";", expected a directive'],
  ["a closing brace after words", "a { b }", '1:7: unexpected "}", expected ";"'],
  ["a stray closing brace", "a {}\n\n }", '3:2: unexpected "}", expected a directive'],
  ["an end inside a block", "a {\n b 1;\n", '3:1: unexpected end of file, expected "}"'],
  ["an end after words", "a 1", '1:4: unexpected end of file, expected ";" or "{"'],
  ["a word after a quoted word", `a "b"c;`, '1:6: unexpected "c" after a quoted word, expected a blank, ";" or "{"'],
  ["a quote after a quoted word", `a "b"";`, `1:6: unexpected """ after a quoted word, expected a blank, ";" or "{"`],
  [
    "a brace after a quoted word",
    `a { b "c"}`,
    `1:10: unexpected "}" after a quoted word, expected a blank, ";" or "{"`
  ],
  ["a quote that does not end", `a "b;`, '1:6: unexpected end of file, expected the closing "'],
  ["a quote over a line end", `a 'b;\n';`, "1:6: unexpected end of line, expected the closing '"],
  ["an end after a quoted word", `a "b"`, '1:6: unexpected end of file, expected ";" or "{"'],
  ["include without a file", "include;", "1:1: include, expected a file"],
  ["include with a block", "include a {}", '1:11: unexpected "{", expected ";" after the files to include'],
  ["a file that is not there", "x 1;\n include  b.conf;", "2:11: cannot include b.conf: no such file"]
]

for (const [name, text, message] of refused) {
  test(`refuses ${name}`, () => {
    const result = parseText(text)
    expect(Result.isFailure(result) && result.failure.message).toBe(`a.conf:${message}`)
  })
}

test("an error names the directive it is in", () => {
  const result = parseText("vhost v {\n play {\n gop_cache\n")
  expect(Result.isFailure(result) && result.failure.directive).toBe("vhost.play.gop_cache")
})

test("every directive and argument has its place", () => {
  const tree = Result.getOrThrow(parseText("vhost  v {\r\n\tplay { a 'b'  c; }\r\n}"))
  const play = tree[0].block?.[0]
  const inner = play?.block?.[0]
  expect([tree[0], play, inner].map((directive) => directive && placeText(directive.place))).toEqual([
    "a.conf:1:1",
    "a.conf:2:2",
    "a.conf:2:9"
  ])
  expect(inner?.argPlaces.map(placeText)).toEqual(["a.conf:2:11", "a.conf:2:16"])
  expect(tree[0].argPlaces.map(placeText)).toEqual(["a.conf:1:8"])
})

const files =
  (contents: Readonly<Record<string, string>>): Read =>
  (path) =>
    Object.hasOwn(contents, path) ? Result.succeed(contents[path]) : Result.fail("no such file")

test("what is included stands in place of the include, at the top and inside a block", () => {
  const read = files({ "b.conf": "b 1; include c.conf;", "c.conf": "c 2;" })
  const tree = Result.getOrThrow(parse("a 0; include b.conf c.conf; v { include b.conf; d; }", "a.conf", read))
  const b = [
    ["b", "1"],
    ["c", "2"]
  ]
  expect(shape(tree)).toEqual([["a", "0"], ...b, ["c", "2"], ["v", [...b, ["d"]]]])
  expect(placeText(tree[2].place)).toBe("c.conf:1:1")
})

test("an included file must be complete by itself", () => {
  const result = parse("v { include b.conf; }", "a.conf", files({ "b.conf": "}\nb {" }))
  expect(Result.isFailure(result) && result.failure.message).toBe('b.conf:1:1: unexpected "}", expected a directive')
})

test("files that include each other end at a limit", () => {
  const limits = `at most ${maxIncludeDepth} files inside each other and 1000 in all`
  for (const text of ["include a.conf;", "include a.conf a.conf;"]) {
    const result = parse(text, "a.conf", files({ "a.conf": text }))
    expect(Result.isFailure(result) && result.failure.message).toBe(
      `a.conf:1:9: cannot include a.conf, expected ${limits}`
    )
  }
  const wide = parse(`include ${"b ".repeat(1001)};`, "a.conf", files({ b: "" }))
  expect(Result.isFailure(wide) && wide.failure._tag).toBe("IncludeFailed")
})

test("blocks inside blocks end at a limit", () => {
  expect(Result.isSuccess(parseText("a{".repeat(maxDepth) + "}".repeat(maxDepth)))).toBe(true)
  const result = parseText("a{".repeat(100_000))
  expect(Result.isFailure(result) && result.failure.message).toStartWith(
    'a.conf:1:130: unexpected "{", expected at most'
  )
})

const seed = 20_261

/** A tree of words that need quotes and of words that do not. */
const randomTree = (random: (below: number) => number, depth: number): Directives => {
  const alphabets = ["abc09_[].:/$-", "ab \t;{}#'", 'a ;{}#"\u00e9', "}#'\"x"]
  const word = (): string => {
    const alphabet = alphabets[random(3)]
    return Array.from({ length: 1 + random(6) }, () => alphabet[random(alphabet.length)]).join("")
  }
  const place = { file: "", line: 0, column: 0 }
  return Array.from({ length: random(4) }, () => {
    const args = Array.from({ length: random(4) }, word)
    const name = `n${word().replaceAll(/["']/g, "")}`
    const block = depth > 0 && random(3) === 0 ? randomTree(random, depth - 1) : undefined
    return { name, place, args, argPlaces: args.map(() => place), block }
  })
}

test("what is printed reads back as the same tree", () => {
  const random = randomOf(seed)
  for (let run = 0; run < 5000; run++) {
    const tree = randomTree(random, 4)
    const text = print(tree)
    const result = parse(text, "a.conf", noFiles)
    if (Result.isFailure(result)) throw new Error(`seed ${seed} run ${run}: ${result.failure.message}\n${text}`)
    expect(shape(result.success)).toEqual(shape(tree))
  }
})

const pieces = [
  "a",
  "listen",
  " ",
  "\n",
  "\r\n",
  ";",
  "{",
  "}",
  "#",
  '"',
  "'",
  "include",
  "b.conf",
  "\0",
  "\ud800",
  "1935"
]

test(`${fuzzCount} random and mutated inputs do not throw, and what reads prints to the same tree`, () => {
  const random = randomOf(seed)
  const real = readFileSync(new URL("../../../conf/low-latency.conf", import.meta.url), "utf8")
  const read = files({ "b.conf": "b { c 1; }" })
  let successes = 0
  for (let run = 0; run < fuzzCount; run++) {
    let text: string
    if (run % 2 === 0) text = Array.from({ length: random(24) }, () => pieces[random(pieces.length)]).join("")
    else {
      const start = random(real.length)
      const cut = real.slice(start, start + random(120))
      const at = random(cut.length + 1)
      text = cut.slice(0, at) + pieces[random(pieces.length)] + cut.slice(at + random(3))
    }
    const result = parse(text, "a.conf", read)
    if (Result.isFailure(result)) {
      expect(result.failure.line).toBeGreaterThan(0)
      continue
    }
    successes++
    const again = parse(print(result.success), "a.conf", read)
    if (!Bun.deepEquals(Result.map(again, shape), Result.succeed(shape(result.success)))) {
      throw new Error(`seed ${seed} run ${run}: ${JSON.stringify(text)}`)
    }
  }
  expect(successes).toBeGreaterThan(fuzzCount / 100)
})
