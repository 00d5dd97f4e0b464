/** Loads texts as a machine without limits would. */
import * as Result from "effect/Result"
import type { ConfigError } from "../../../src/domain/config/ConfigError.ts"
import { makeSchema } from "../../../src/domain/config/ConfigSchema.ts"
import { coreTables } from "../../../src/domain/config/directives/core.ts"
import type { Environment } from "../../../src/domain/config/environment.ts"
import { loadEnvironment, type LoadedConfig, loadText, type LoadOptions } from "../../../src/domain/config/load.ts"
import type { MachineFacts } from "../../../src/domain/config/refusals.ts"
import type { GlobalSettings, VhostSettings } from "../../../src/domain/config/Settings.ts"

export const boundless: MachineFacts = { docker: false, localAddresses: 1, openFiles: Infinity }

export const coreSchema = makeSchema(coreTables)

export const optionsOf = (environment: Environment = {}, facts: MachineFacts = boundless): LoadOptions => ({
  schema: coreSchema,
  environment,
  facts
})

const noFiles = () => Result.fail("no such file")

export const tryLoad = (text: string, environment: Environment = {}, facts: MachineFacts = boundless) =>
  loadText(text, "a.conf", noFiles, optionsOf(environment, facts))

export const loaded = (text: string, environment: Environment = {}, facts: MachineFacts = boundless): LoadedConfig =>
  Result.getOrThrowWith(tryLoad(text, environment, facts), messages)

export const loadedFromEnvironment = (environment: Environment): LoadedConfig =>
  Result.getOrThrowWith(loadEnvironment(optionsOf(environment)), messages)

const messages = (errors: ReadonlyArray<ConfigError>): Error =>
  new Error(errors.map(({ message }) => message).join("\n"))

/** What stands outside of vhosts; `listen` is 1935 unless the text has it. */
export const globalOf = (text: string, environment: Environment = {}): GlobalSettings =>
  loaded(`${text}\nlisten 1935;`, environment).snapshot.global

/** A vhost with these directives. */
export const vhostOf = (text: string, environment: Environment = {}, global = ""): VhostSettings => {
  const { snapshot } = loaded(`${global}\nlisten 1935; vhost v {\n${text}\n}`, environment)
  const vhost = snapshot.vhosts.get("v")
  if (vhost === undefined) throw new Error("the vhost is disabled")
  return vhost
}

/** The messages that refuse a text; none if it is accepted. */
export const refusals = (
  text: string,
  environment: Environment = {},
  facts: MachineFacts = boundless
): ReadonlyArray<string> => {
  const result = tryLoad(text, environment, facts)
  return Result.isFailure(result) ? result.failure.map(({ message }) => message) : []
}
