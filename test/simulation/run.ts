/** `bun run test/simulation/run.ts --seed N --hours H`: one simulation, as long as wanted. Without a seed any. */
import { parseArgs } from "node:util"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as plants from "./plants.ts"
import { simulate } from "./simulate.ts"

const { values } = parseArgs({
  options: { seed: { type: "string" }, hours: { type: "string", default: "2" }, plant: { type: "string" } }
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const hours = Number(values.hours)
const plant = values.plant === undefined ? undefined : (plants as Record<string, unknown>)[values.plant]

console.log(`seed ${seed}, ${hours} virtual hours`)
const started = performance.now()
const exit = await simulate({ seed, hours, plant: plant as plants.Plant | undefined }).pipe(
  Effect.provide(Logger.layer([])),
  Effect.runPromiseExit
)
if (Exit.isSuccess(exit)) console.log(exit.value)
else console.log(Cause.prettyErrors(exit.cause).map(String).join("\n"))
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`)
process.exit(Exit.isSuccess(exit) ? 0 : 1)
