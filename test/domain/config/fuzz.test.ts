/** Nothing that stands in a file or in the environment makes loading throw. */
import { expect, test } from "bun:test"
import * as Result from "effect/Result"
import { parseCommandLine } from "../../../src/domain/config/commandLine.ts"
import { type Directives, print } from "../../../src/domain/config/Directive.ts"
import { type Environment, knownVariables } from "../../../src/domain/config/environment.ts"
import { loadEnvironment } from "../../../src/domain/config/load.ts"
import { coreSchema, optionsOf, tryLoad } from "./loading.ts"
import { fuzzCount, randomOf } from "./random.ts"

const seed = 1935

const words = [
  "on",
  "off",
  "0",
  "-1",
  "1935",
  "99999999999999999999",
  "1e309",
  "-1e309",
  "0.5",
  "NaN",
  "Infinity",
  "0x7f",
  "full",
  "[::]:1935",
  "[",
  "]",
  ":",
  "::",
  "127.0.0.1:",
  "[vhost]/[app]/[stream].ts",
  "__proto__",
  "constructor",
  "é\u0000\ud800",
  " ",
  "\t",
  "a b",
  "x".repeat(300)
]
const oldNames = [
  "http_stream",
  "mr",
  "nack",
  "twcc",
  "refer",
  "refer_play",
  "forward",
  "gop_cache",
  "mode",
  "http",
  "vhost"
]

type Random = (below: number) => number

const oneOf = <A>(random: Random, values: ReadonlyArray<A>): A => values[random(values.length)]

const anyWord = (random: Random): string =>
  random(8) === 0
    ? String.fromCharCode(...Array.from({ length: random(5) }, () => 32 + random(400)))
    : oneOf(random, words)

const names = [...new Set([...coreSchema.entries.map(({ entry }) => entry.name), ...oldNames, "__proto__", "toString"])]

/** Known names at any place, with any arguments. */
const anyTree = (random: Random, depth: number): Directives => {
  const place = { file: "a.conf", line: 1, column: 1 }
  return Array.from({ length: 1 + random(4) }, () => {
    const args = Array.from({ length: random(3) }, () => anyWord(random).replaceAll(/["\r\n]/g, "") || "x")
    const name = depth === 3 && random(2) === 0 ? "vhost" : oneOf(random, names)
    const block = depth > 0 && random(3) > 0 ? anyTree(random, depth - 1) : undefined
    return { name, place, args, argPlaces: args.map(() => place), block }
  })
}

const variables = [...knownVariables(coreSchema)]

const anyEnvironment = (random: Random): Environment =>
  Object.fromEntries(Array.from({ length: random(6) }, () => [oneOf(random, variables), anyWord(random)]))

test(`${fuzzCount} arguments give a value of every directive, none of them NaN`, () => {
  const random = randomOf(seed)
  const { entries } = coreSchema
  for (let run = 0; run < fuzzCount; run++) {
    const { entry, path } = entries[run % entries.length]
    if (entry._tag !== "Field") continue
    const args = Array.from({ length: random(3) }, () => anyWord(random))
    const value = entry.read(args, random(2) === 0 ? "file" : "environment")
    entry.misfit(args)
    if (value === undefined || Number.isNaN(value)) throw new Error(`seed ${seed} run ${run}: ${path} ${String(args)}`)
  }
})

test(`${fuzzCount / 50} configurations of known names at any place load or are refused with a message`, () => {
  const random = randomOf(seed)
  let loads = 0
  for (let run = 0; run < fuzzCount / 50; run++) {
    const environment = anyEnvironment(random)
    const result = tryLoad(`listen 1935;\n${print(anyTree(random, 3))}`, environment)
    if (Result.isSuccess(result)) loads++
    else expect(result.failure[0].message).not.toBeEmpty()
    if (Result.isSuccess(loadEnvironment(optionsOf(environment)))) loads++
  }
  expect(loads).toBeGreaterThan(0)
})

test(`${fuzzCount} command lines do not throw`, () => {
  const random = randomOf(seed)
  const pieces = ["-", "--", "c", "t", "e", "h", "doctor", "é", "a.conf", ""]
  for (let run = 0; run < fuzzCount; run++) {
    const args = Array.from({ length: random(4) }, () => oneOf(random, pieces) + oneOf(random, pieces))
    expect(parseCommandLine(args, {})).toHaveProperty("_tag")
  }
})
