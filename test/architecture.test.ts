import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { Glob } from "bun"
import { type Allowance, breaches, type SourceFile } from "./support/architecture.ts"

/** Where the platform leaves no other way. Each with its reason; an entry nothing needs fails the test. */
const allowances: ReadonlyArray<Allowance> = [
  {
    path: "src/layers/process/runMain.ts",
    what: "timer",
    reason: "the process must end also if the runtime that would wake a fiber hangs"
  },
  {
    path: "src/layers/source/DeliveredViewer.ts",
    what: "try",
    reason:
      "a defect of one viewer, on the stack of a socket or of all viewers' loop, would end the process or them all"
  },
  {
    path: "src/layers/source/Delivery.ts",
    what: "try",
    reason: "a defect of one format, on the stack of a publisher or of all viewers' loop, would end them all"
  },
  {
    path: "src/layers/transport/Inbox.ts",
    what: "try",
    reason: "a defect on the stack of a socket's data handler would end the process and not the session"
  },
  {
    path: "src/layers/transport/BunListener.ts",
    what: "timer",
    reason: "a TLS handshake is the platform's, no fiber runs for it; Bun sets it no limit"
  },
  {
    path: "src/layers/transport/SocketConnection.ts",
    what: "timer",
    reason: "a merged read pauses a socket of the platform from its data handler, where no fiber runs"
  },
  {
    path: "src/layers/transport/BunConnection.ts",
    what: "timer",
    reason: "a merged read pauses a socket of the platform from its data handler, where no fiber runs"
  },
  {
    path: "src/layers/transport/PolledReads.ts",
    what: "timer",
    reason: "one timer reads many sockets past the runtime; no fiber is theirs together"
  },
  {
    path: "src/layers/native/cLibrary.ts",
    what: "try",
    reason: "a C library that cannot be opened is found out at the first connection, where no fiber runs yet"
  }
]

const sourceFiles = (): ReadonlyArray<SourceFile> =>
  [...new Glob("src/**/*.ts").scanSync(".")].sort().map((path) => ({ path, text: readFileSync(path, "utf8") }))

test("the source keeps the import table and the bans of the style", () => {
  expect(breaches(sourceFiles(), allowances)).toEqual([])
})

describe("a breach is found:", () => {
  const cases: ReadonlyArray<readonly [name: string, path: string, text: string, breach: string]> = [
    [
      "domain importing a service",
      "src/domain/rtmp/a.ts",
      `import { T } from "../../services/T.ts"`,
      "src/domain imports src/services/T.ts"
    ],
    [
      "domain importing a type of a layer",
      "src/domain/a.ts",
      `import type { T } from "../layers/rtmp/T.ts"`,
      "src/domain imports src/layers/rtmp/T.ts"
    ],
    [
      "domain importing Effect",
      "src/domain/a.ts",
      `import * as Effect from "effect/Effect"`,
      "src/domain imports effect/Effect"
    ],
    ["domain importing I/O", "src/domain/a.ts", `import { readFileSync } from "node:fs"`, "src/domain imports node:fs"],
    ["domain importing a package", "src/domain/a.ts", `import muxjs from "mux.js"`, "src/domain imports mux.js"],
    ["domain reading the clock", "src/domain/a.ts", `const t = Date.now()`, "Date.now is not allowed here"],
    ["domain with randomness", "src/domain/a.ts", `const t = Math.random()`, "Math.random is not allowed here"],
    ["domain with state of the module", "src/domain/a.ts", `export let count = 0`, "mutable state of the module"],
    [
      "a service importing a layer",
      "src/services/A.ts",
      `import type { L } from "../layers/rtmp/L.ts"`,
      "src/services imports src/layers/rtmp/L.ts"
    ],
    [
      "a service importing the platform",
      "src/services/A.ts",
      `import type { Socket } from "node:net"`,
      "src/services imports node:net"
    ],
    [
      "a layer importing another layer",
      "src/layers/hls/a.ts",
      `import type { S } from "../rtmp/S.ts"`,
      "src/layers/hls imports src/layers/rtmp/S.ts"
    ],
    [
      "a layer importing main",
      "src/layers/hls/a.ts",
      `import { run } from "../../main.ts"`,
      "src/layers/hls imports src/main.ts"
    ],
    [
      "a layer outside of a subsystem",
      "src/layers/a.ts",
      `import { b } from "../services/b.ts"`,
      "src/layers imports src/services/b.ts"
    ],
    [
      "a dynamic import",
      "src/layers/hls/a.ts",
      `const m = import("../rtmp/S.ts")`,
      "src/layers/hls imports src/layers/rtmp/S.ts"
    ],
    [
      "an import type",
      "src/layers/hls/a.ts",
      `type M = import("../rtmp/S.ts").S`,
      "src/layers/hls imports src/layers/rtmp/S.ts"
    ],
    [
      "an import over several lines",
      "src/layers/hls/a.ts",
      `import {\n  a, // from "./x.ts"\n  b\n} from "../rtmp/S.ts"`,
      "src/layers/hls imports src/layers/rtmp/S.ts"
    ],
    [
      "the barrel of effect",
      "src/layers/hls/a.ts",
      `import { Effect } from "effect"`,
      "imports the barrel effect: use effect/<Module>"
    ],
    [
      "the barrel of a package of effect",
      "src/main.ts",
      `import { NodeRuntime } from "@effect/platform-node"`,
      "imports the barrel @effect/platform-node: use @effect/platform-node/<Module>"
    ],
    [
      "a module of effect without namespace",
      "src/main.ts",
      `import { gen } from "effect/Effect"`,
      "imports effect/Effect otherwise than as a namespace"
    ],
    ["an import without extension", "src/domain/a.ts", `import { b } from "./b"`, "relative import without .ts: ./b"],
    ["a re-export", "src/domain/a.ts", `export * from "./b.ts"`, "re-exports ./b.ts"],
    ["a timer", "src/layers/hls/a.ts", `setTimeout(f, 1)`, "timer is not allowed here"],
    ["an async function", "src/layers/hls/a.ts", `const f = async () => 1`, "async is not allowed here"],
    ["try", "src/layers/hls/a.ts", `try {\n} finally {}`, "try is not allowed here"],
    ["console", "src/services/A.ts", "const s = `${console.log(1)}`", "console is not allowed here"],
    ["a file of 401 lines", "src/main.ts", "\n".repeat(401), "401 lines, 400 are allowed"]
  ]
  test.each(cases)("%s", (_name, path, text, breach) => {
    const found = breaches([{ path, text }])
    expect(found.map((line) => line.replace(/^[^ ]+ /, ""))).toEqual([breach])
    expect(found[0]).toStartWith(`${path}:`)
  })
})

test("what the table allows is no breach", () => {
  const files: ReadonlyArray<SourceFile> = [
    {
      path: "src/domain/rtmp/a.ts",
      text: `import * as Result from "effect/Result"
import { createHmac } from "node:crypto"
import type { B } from "../bytes/b.ts"
/** Not setTimeout, not Date.now(), not from "../../main.ts". */
const words = "async console.log try {"
const pattern = /import "effect"|"/
const clock = (now: number) => new Date(now)`
    },
    {
      path: "src/layers/rtmp/a.ts",
      text: `import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer } from "node:net"
import { run } from "../telemetry/session.ts"
import { T } from "../../services/T.ts"
import { codec } from "../../domain/rtmp/codec.ts"
import { own } from "./own.ts"
const list = Array.from("abc")`
    },
    { path: "src/main.ts", text: `import * as Rtmp from "./layers/rtmp/RtmpListener.ts"\n${"\n".repeat(398)}` }
  ]
  expect(breaches(files)).toEqual([])
})

test("an allowance silences one ban in one file, and is itself reported when unused", () => {
  const files = [{ path: "src/layers/transport/a.ts", text: "setTimeout(f, 1)\nconsole.log(1)" }]
  const allow = (what: Allowance["what"]) => [{ path: "src/layers/transport/a.ts", what, reason: "for the test" }]
  expect(breaches(files, allow("timer"))).toEqual(["src/layers/transport/a.ts:2: console is not allowed here"])
  expect(breaches(files, [...allow("timer"), ...allow("async"), ...allow("console")])).toEqual([
    "src/layers/transport/a.ts:1: the allowance for async is not used"
  ])
})

/** Real time and real sockets, with servers that look after themselves; and what is no test. */
const ownRuns = /^test\/(?:e2e\/|support\/effect\.ts|layers\/transport\/socketChecks\.ts|simulation\/run\.ts)/

test("every test that runs an Effect does so by `effect`, which looks for what it has left behind", () => {
  const paths = [...new Glob("test/**/*.ts").scanSync(".")].filter((path) => !ownRuns.test(path))
  expect(paths.filter((path) => /\bEffect\.run(?:Promise|Fork|Callback)/.test(readFileSync(path, "utf8")))).toEqual([])
})
