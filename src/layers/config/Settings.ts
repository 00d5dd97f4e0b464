/** Settings from a file, from the environment alone, or from a text. */
import { readFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { changesBetween } from "../../domain/config/changes.ts"
import { type ConfigError, faultDetail, faultPlace } from "../../domain/config/ConfigError.ts"
import { makeSchema } from "../../domain/config/ConfigSchema.ts"
import { coreTables } from "../../domain/config/directives/core.ts"
import type { Table } from "../../domain/config/Entry.ts"
import { type Environment, noEnvironment } from "../../domain/config/environment.ts"
import type { Read } from "../../domain/config/Grammar.ts"
import {
  type ConfigErrors,
  loadEnvironment,
  loadFile,
  type LoadedConfig,
  loadText,
  type LoadOptions
} from "../../domain/config/load.ts"
import type { MachineFacts } from "../../domain/config/refusals.ts"
import { globalOf, resolveVhost, vhostOf } from "../../domain/config/Settings.ts"
import { ConfigRefused, type Follow, type Reloaded, Settings, type SettingsNotice } from "../../services/Settings.ts"
import { held } from "../telemetry/held.ts"

export type SettingsSource =
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Environment" }
  | { readonly _tag: "Text"; readonly text: string }

export interface SettingsOptions {
  /** Variables that override the file; `process.env` of the server. */
  readonly environment: Environment
  /** All tables. Subsystems outside of the core add theirs: `[...coreTables, toyTable]`. */
  readonly tables?: ReadonlyArray<Table>
  /** What the configuration is measured against; this machine by default. */
  readonly facts?: MachineFacts
  /** Port 0 is fit to listen on. */
  readonly systemPorts?: boolean
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const readText: Read = (path) =>
  Result.mapError(
    Result.try(() => readFileSync(path, "utf8")),
    reasonOf
  )

const reading = (path: string): string => Result.getOrElse(readText(path), () => "")

/** Soft limit of this process; none where the system does not tell. */
const openFilesLimit = (): number => {
  const limit = /^Max open files\s+(\d+)/m.exec(reading("/proc/self/limits"))
  return limit === null ? Infinity : Number(limit[1])
}

/** Loopback addresses count only where there are no others. */
const localAddressCount = (): number => {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const others = all.filter(({ internal }) => !internal)
  return others.length > 0 ? others.length : all.length
}

/** What this machine is like now. */
export const machineFacts = (): MachineFacts => ({
  docker: reading("/proc/1/cgroup").includes("/docker"),
  localAddresses: Math.max(1, localAddressCount()),
  openFiles: openFilesLimit()
})

/** Reads and checks, and changes nothing: what `-t` does. */
export const load = (source: SettingsSource, options: SettingsOptions): Result.Result<LoadedConfig, ConfigErrors> => {
  const loadOptions: LoadOptions = {
    schema: makeSchema(options.tables ?? coreTables),
    environment: options.environment,
    facts: options.facts ?? machineFacts(),
    systemPorts: options.systemPorts ?? false
  }
  switch (source._tag) {
    case "Environment":
      return loadEnvironment(loadOptions)
    case "Text":
      return loadText(source.text, "text", readText, loadOptions)
    case "File":
      return loadFile(source.path, readText, loadOptions)
  }
}

const noticeOf = (warning: ConfigError): SettingsNotice => ({
  kind: "warning",
  place: faultPlace(warning),
  directive: warning.directive,
  text: faultDetail(warning)
})

const noticesOf = ({ inactive, warnings }: LoadedConfig): ReadonlyArray<SettingsNotice> => [
  ...warnings.map(noticeOf),
  ...inactive.map(({ path, place, reason }): SettingsNotice => ({
    kind: "inactive",
    place,
    directive: path,
    text: reason
  }))
]

const loadOrRefuse = (source: SettingsSource, options: SettingsOptions): Effect.Effect<LoadedConfig, ConfigRefused> =>
  Effect.suspend(() => {
    const loaded = load(source, options)
    return Result.isSuccess(loaded)
      ? Effect.succeed(loaded.success)
      : Effect.fail(new ConfigRefused({ problems: loaded.failure.map(({ message }) => message) }))
  })

/** Loads when the layer is built, and again with each reload. */
export const layer = (source: SettingsSource, options: SettingsOptions): Layer.Layer<Settings, ConfigRefused> =>
  Layer.effect(
    Settings,
    Effect.gen(function* () {
      let loaded = yield* loadOrRefuse(source, options)
      let vhosts = [...loaded.snapshot.vhosts.values()]
      const schema = makeSchema(options.tables ?? coreTables)
      const followers = new Set<Follow>()
      const turn = Semaphore.makeUnsafe(1)

      const reload = Effect.gen(function* (): Effect.fn.Return<Reloaded, ConfigRefused> {
        const next = yield* loadOrRefuse(source, options)
        const changes = changesBetween(schema, loaded.snapshot, next.snapshot)
        loaded = next
        vhosts = [...loaded.snapshot.vhosts.values()]
        const [, failures] = yield* Effect.partition([...followers], (follow) => follow(changes))
        return { changes, failures }
      })

      return Settings.of({
        current: () => loaded.snapshot.global,
        vhost: (name) => resolveVhost(loaded.snapshot, name),
        vhosts: () => vhosts,
        of: (table) => globalOf(table, loaded.snapshot.global),
        vhostOf,
        notices: () => noticesOf(loaded),
        onChange: (follow) =>
          held(
            Effect.sync(() => void followers.add(follow)),
            () => Effect.sync(() => followers.delete(follow))
          ),
        reload: Effect.uninterruptible(turn.withPermits(1)(reload))
      })
    })
  )

/** A machine that refuses nothing. */
const boundless: MachineFacts = { docker: false, localAddresses: 1, openFiles: Infinity }

/**
 * For servers inside other programs: what the text leaves out has its default, `listen` is 1935, and the default vhost
 * is there. Port 0 is allowed.
 */
export const layerEmbedded = (
  text: string,
  options: Partial<SettingsOptions> = {}
): Layer.Layer<Settings, ConfigRefused> =>
  // The first directive of a name counts, so these are only in force where the text has none.
  layer(
    { _tag: "Text", text: `${text}\nlisten 1935;\nvhost __defaultVhost__ {}\n` },
    { environment: noEnvironment, facts: boundless, systemPorts: true, ...options }
  )

/** The same for tests: a text that is refused is a defect. */
export const layerText = (text: string, options: Partial<SettingsOptions> = {}): Layer.Layer<Settings> =>
  Layer.orDie(layerEmbedded(text, options))
