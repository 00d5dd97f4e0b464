/** `sluice load`: the load generator for any live media server. */
import { spawn } from "node:child_process"

import * as Result from "effect/Result"

import { parse, usage } from "./load/arguments.ts"
import { compile } from "./load/compile.ts"
import { type PlayReport, type PublishReport, summary } from "./load/report.ts"

/** Runs to the end of the load; the exit status. Never rejects. */
export const load = (args: ReadonlyArray<string>): Promise<number> => {
  const parsed = parse(args)
  if (Result.isFailure(parsed)) {
    console.error(`sluice load: ${parsed.failure.message}\n\n${usage}`)
    return Promise.resolve(2)
  }
  if (parsed.success === "help") {
    console.log(usage)
    return Promise.resolve(0)
  }
  try {
    return run(compile(), parsed.success)
  } catch (error) {
    console.error(`sluice load: ${error instanceof Error ? error.message : error}`)
    return Promise.resolve(1)
  }
}

const run = (program: string, args: ReadonlyArray<string>): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] })
    const stop = () => child.kill("SIGTERM")
    process.once("SIGTERM", stop)
    // A terminal sends SIGINT to the generator too; without a handler this process would end before its report.
    process.once("SIGINT", stop)
    let output = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
    child.once("error", (error) => {
      console.error(`sluice load: ${error.message}`)
      resolve(1)
    })
    child.once("close", (code) => {
      process.off("SIGTERM", stop).off("SIGINT", stop)
      process.stdout.write(output)
      if (output.startsWith("{")) console.error(summary(JSON.parse(output) as PublishReport | PlayReport))
      resolve(code ?? 1)
    })
  })

if (import.meta.main) process.exitCode = await load(process.argv.slice(2))
