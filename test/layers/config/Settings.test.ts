import { expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { MachineFacts } from "../../../src/domain/config/refusals.ts"
import { layer, layerText, machineFacts } from "../../../src/layers/config/Settings.ts"
import { type ConfigRefused, Settings } from "../../../src/services/Settings.ts"
import { effect } from "../../support/effect.ts"

const facts: MachineFacts = { docker: false, localAddresses: 1, openFiles: 4096 }

const settingsOf = <E>(settings: Layer.Layer<Settings, E>) => Effect.provide(Settings, settings)

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

effect("reads a file and what it includes", () =>
  Effect.gen(function* () {
    const path = yield* directory
    const [main, inner] = [join(path, "main.conf"), join(path, "inner.conf")]
    writeFileSync(inner, "min_latency on;")
    writeFileSync(main, `listen 19350;\nvhost a {\n  include ${inner};\n}\n`)
    const settings = yield* settingsOf(layer({ _tag: "File", path: main }, { environment: {}, facts }))
    expect(settings.current().listen).toEqual([{ host: "0.0.0.0", port: 19_350 }])
    expect(settings.vhost("a")?.minLatency).toBe(true)
    expect(settings.vhost("b")).toBeUndefined()
  })
)

const refusedBy = (settings: Layer.Layer<Settings, ConfigRefused>) => Effect.flip(settingsOf(settings))

effect("refuses a file that is not there, by its name", () =>
  Effect.gen(function* () {
    const { problems } = yield* refusedBy(layer({ _tag: "File", path: "/nowhere/a.conf" }, { environment: {}, facts }))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toStartWith("/nowhere/a.conf: cannot read the configuration: ENOENT")
  })
)

effect("refuses with every problem, each with its place", () =>
  Effect.gen(function* () {
    const text = "listen 0;\nvhost a {\n  plya {}\n}"
    const error = yield* refusedBy(layer({ _tag: "Text", text }, { environment: {}, facts }))
    expect(error.message.split("\n")).toEqual([
      "text:3:3: illegal vhost.plya of a, expected a directive of vhost; did you mean play?",
      "text:1:8: listen 0, expected a port from 1 to 65535"
    ])
  })
)

effect("serves from the environment alone", () =>
  Effect.gen(function* () {
    const environment = { SRS_LISTEN: "1935 [::]:1936", SRS_VHOST_PLAY_MW_LATENCY: "100" }
    const settings = yield* settingsOf(layer({ _tag: "Environment" }, { environment, facts }))
    expect(settings.current().listen.map(({ port }) => port)).toEqual([1935, 1936])
    expect(settings.vhost("anything")?.name).toBe("__defaultVhost__")
    expect(settings.vhosts().map(({ play }) => play.mwLatencyMillis)).toEqual([100])
  })
)

effect("a text for tests needs to say only what matters", () =>
  Effect.gen(function* () {
    const empty = yield* settingsOf(layerText(""))
    expect(empty.current().listen).toEqual([{ host: "0.0.0.0", port: 1935 }])
    expect(empty.vhosts().map(({ name }) => name)).toEqual(["__defaultVhost__"])
    const own = yield* settingsOf(layerText("listen 127.0.0.1:0; vhost __defaultVhost__ { play { atc on; } } # end"))
    expect(own.current().listen).toEqual([{ host: "127.0.0.1", port: 0 }])
    expect(own.vhosts().map(({ play }) => play.atc)).toEqual([true])
    const secure = yield* settingsOf(layerText("rtmps { enabled on; listen 127.0.0.1:0; }"))
    expect(secure.current().rtmps.listen).toEqual([{ host: "127.0.0.1", port: 0 }])
    const overridden = yield* settingsOf(layerText("", { environment: { SRS_MAX_CONNECTIONS: "3" } }))
    expect(overridden.current().maxConnections).toBe(3)
  })
)

effect("tells at start what is odd and what is not active", () =>
  Effect.gen(function* () {
    const settings = yield* settingsOf(layerText("chunk_size 5;\nvhost a { dvr {} }"))
    expect(settings.notices()).toEqual([
      {
        kind: "warning",
        place: "text:1:12",
        directive: "chunk_size",
        text: "chunk_size 5, expected integer from 128 to 65536"
      },
      {
        kind: "inactive",
        place: "text:2:11",
        directive: "vhost.dvr",
        text: "the subsystem is not part of this version"
      }
    ])
  })
)

effect("the same vhost is the same object at each call", () =>
  Effect.gen(function* () {
    const settings = yield* settingsOf(layerText("vhost a {}"))
    expect(settings.vhost("a")).toBe(settings.vhost("a"))
    expect(settings.current()).toBe(settings.current())
  })
)

test("this machine has an address and a limit of open files", () => {
  const { localAddresses, openFiles } = machineFacts()
  expect(localAddresses).toBeGreaterThan(0)
  expect(openFiles).toBeGreaterThan(0)
})
