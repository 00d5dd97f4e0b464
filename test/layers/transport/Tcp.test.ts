import { describe, expect, test } from "bun:test"
import { readdirSync, readlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { withCertificate } from "../../support/certificate.ts"
import { checks, runCheck, tlsCheck } from "./socketChecks.ts"

describe("on Bun's sockets", () => {
  for (const [name, check] of Object.entries(checks)) test(name, () => runCheck(check), 10_000)

  test("TLS", () => withCertificate((files) => runCheck(tlsCheck(files))), 10_000)
})

const polls = (): number =>
  readdirSync("/proc/self/fd", { withFileTypes: true }).filter(
    (entry) => entry.isSymbolicLink() && linkOf(entry.name).includes("eventpoll")
  ).length

/** Empty for the descriptor that read the folder. */
const linkOf = (descriptor: string): string => {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ""
  }
}

test("a merged read past Bun leaves no descriptor of its own", async () => {
  const before = polls()
  await runCheck(checks["a merged read collects what comes in its time, and loses nothing"]!)
  expect(polls()).toBe(before)
})

const program = fileURLToPath(new URL("socketChecks.ts", import.meta.url))

describe("the same", () => {
  test.each([
    ["Deno", ["deno", "run", "-A", program]],
    ["Node", ["node", program]]
  ])(
    "on %s",
    (_, command) =>
      withCertificate(async ({ cert, key }) => {
        const run = Bun.spawn([...command, key, cert], { stdout: "pipe", stderr: "pipe" })
        const [lines, errors] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()])
        await run.exited
        expect(errors.split("\n").slice(0, 5)).toEqual([""])
        const names = [...Object.keys(checks), "TLS"]
        expect(lines.trim().split("\n")).toEqual(names.map((name) => `ok ${name}`))
      }),
    30_000
  )
})
