/** The command line: what each command does. */
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Access from "./layers/access/commands.ts"
import * as Config from "./layers/config/Settings.ts"
import * as Doctor from "./layers/process/doctor.ts"
import { dump } from "./layers/record/dump.ts"
import { replay } from "./layers/record/replay.ts"
import * as Tcp from "./layers/transport/Tcp.ts"
import { type ConfigSource, help, parseCommandLine, usageExitCode } from "./domain/config/commandLine.ts"
import type { Environment } from "./domain/config/environment.ts"
import { type GlobalSettings } from "./domain/config/Settings.ts"
import { srsErrors } from "./domain/errors/SrsError.ts"
import { compatibleVersion, signature } from "./domain/Product.ts"
import type { Endpoint } from "./services/Transport.ts"
import type { DumpRequest, ReplayRequest } from "./domain/record/recordCommands.ts"
import { doctorReport } from "./domain/process/doctor.ts"
import { serve } from "./serve.ts"

const shippedConfig = fileURLToPath(new URL("../conf/default.conf", import.meta.url))

/** The configuration was tested with `-t` and is refused. */
class ConfigInvalid extends Data.TaggedError("ConfigInvalid")<{ readonly problems: string }> {
  readonly code = srsErrors.ConfigInvalid
  override get message() {
    return this.problems
  }
}

/** `doctor` found something that will not work; its report says what. */
class ChecksFailed extends Data.TaggedError("ChecksFailed")<{ readonly failed: number }> {
  readonly code = 1
  override get message() {
    return `${this.failed} checks failed`
  }
}

const print = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(text))

const printLine = <E>(text: Effect.Effect<string, E>) => Effect.flatMap(text, (line) => print(`${line}\n`))

const settingsSource = (source: ConfigSource): Config.SettingsSource => {
  switch (source._tag) {
    case "Shipped":
      return { _tag: "File", path: shippedConfig }
    case "File":
      // Found again after the change to work_dir.
      return { _tag: "File", path: NodePath.resolve(source.path) }
    case "Environment":
      return source
  }
}

/** Runs what the arguments (without runtime and program) ask for. Misuse is told on standard error, with status 2. */
export const cli = (args: ReadonlyArray<string>, environment: Environment): Effect.Effect<void, unknown> => {
  const command = parseCommandLine(args, environment)
  switch (command._tag) {
    case "Help":
      return print(help)
    case "Version":
      return print(`${compatibleVersion}\n`)
    case "Signature":
      return print(`${signature}\n`)
    case "Misused":
      return Effect.sync(() => {
        process.stderr.write(`sluice: ${command.reason}\n\n${help}`)
        process.exit(usageExitCode)
      })
    case "Test":
      return test(settingsSource(command.source), environment)
    case "Doctor":
      return doctor(settingsSource(command.source), environment)
    case "Dump":
      return runDump(command.request)
    case "Replay":
      return runReplay(command.request)
    case "Sign": {
      const { request, source } = command
      const loaded = readConfig(settingsSource(source), environment)
      return Effect.flatMap(loaded, ({ snapshot }) => printLine(Access.sign(snapshot, request)))
    }
    case "Hash":
      return printLine(Access.hash(command.request))
    case "Serve":
      return start(settingsSource(command.source), environment)
  }
}

const sourceName = (source: Config.SettingsSource): string => (source._tag === "File" ? source.path : "the environment")

const readConfig = (source: Config.SettingsSource, environment: Environment) =>
  Effect.mapError(
    Effect.suspend(() => Effect.fromResult(Config.load(source, { environment }))),
    (errors) => new ConfigInvalid({ problems: errors.map(({ message }) => message).join("\n") })
  )

const test = Effect.fnUntraced(function* (source: Config.SettingsSource, environment: Environment) {
  const name = sourceName(source)
  const { inactive, warnings } = yield* Effect.tapError(readConfig(source, environment), () =>
    print(`the configuration ${name} test is failed\n`)
  )
  for (const { message } of warnings) yield* print(`warning: ${message}\n`)
  for (const { path, place, reason } of inactive) yield* print(`not active: ${path} (${place}): ${reason}\n`)
  yield* print(`the configuration ${name} syntax is ok\nthe configuration ${name} test is successful\n`)
})

const doctor = Effect.fnUntraced(function* (source: Config.SettingsSource, environment: Environment) {
  const { snapshot } = yield* readConfig(source, environment)
  const findings = yield* Doctor.doctor(doctorRequest(snapshot.global))
  yield* print(doctorReport(findings))
  const failed = findings.filter(({ state }) => state === "failure").length
  if (failed > 0) return yield* new ChecksFailed({ failed })
})

const runDump = (request: DumpRequest) =>
  Effect.gen(function* () {
    const port = yield* dump(request)
    const { file, to } = request
    yield* print(`port ${port} leads to ${to.host}:${to.port}; what clients send is recorded in ${file}\n`)
    return yield* Effect.never
  }).pipe(Effect.scoped, Effect.provide(Tcp.layer))

const runReplay = (request: ReplayRequest) =>
  replay(request).pipe(
    Effect.flatMap(({ bytes, closedByServer, connections, receivedBytes }) =>
      print(
        `${connections} ${connections === 1 ? "connection" : "connections"}, ${bytes} bytes sent, ${receivedBytes} received; ` +
          `the server closed ${closedByServer}\n`
      )
    ),
    Effect.scoped,
    Effect.provide(Tcp.layer)
  )

const doctorRequest = ({ httpApi, httpServer, listen, maxConnections, rtmps }: GlobalSettings) => {
  const web = [
    { name: "HTTP", section: httpServer },
    { name: "HTTP API", section: httpApi }
  ].filter(({ section }) => section.enabled)
  const secure = [
    ...(rtmps.enabled ? [{ name: "RTMPS", certPath: rtmps.cert, keyPath: rtmps.key }] : []),
    ...web.flatMap(({ name, section: { https } }) =>
      https.enabled ? [{ name: `${name} over TLS`, certPath: https.cert, keyPath: https.key }] : []
    )
  ]
  const tcp = (name: string, { host, port }: Endpoint) => ({ name, host, port, transport: "tcp" as const })
  return {
    ports: [
      ...listen.map((endpoint) => tcp("RTMP", endpoint)),
      ...(rtmps.enabled ? rtmps.listen.map((endpoint) => tcp("RTMPS", endpoint)) : []),
      ...web.flatMap(({ name, section: { https, listen } }) => [
        tcp(name, listen),
        ...(https.enabled ? [tcp(`${name} over TLS`, https.listen)] : [])
      ])
    ],
    maxConnections,
    certificates: secure
  }
}

const start = Effect.fnUntraced(function* (source: Config.SettingsSource, environment: Environment) {
  const { snapshot } = yield* readConfig(source, environment)
  yield* serve(source, environment, snapshot.global)
})
