/** The command line: what each command does, and how a server starts in its surroundings. */
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Access from "./layers/access/commands.ts"
import * as Config from "./layers/config/Settings.ts"
import * as Doctor from "./layers/process/doctor.ts"
import { isDaemon, startDaemon } from "./layers/process/daemon.ts"
import { changeWorkDirectory, followParent, serverId } from "./layers/process/environment.ts"
import { reportLoopDelay } from "./layers/process/loopDelay.ts"
import { followQuit, tellQuit } from "./layers/process/gracefulQuit.ts"
import { acquirePidFile } from "./layers/process/pidFile.ts"
import { becomeUser } from "./layers/process/becomeUser.ts"
import { watchDescriptors } from "./layers/process/descriptors.ts"
import { onSignal } from "./layers/process/signals.ts"
import * as Overload from "./layers/overload/Overload.ts"
import { followFile } from "./layers/reload/watchFile.ts"
import { makeSessionId } from "./layers/telemetry/session.ts"
import { layerNoop } from "./layers/telemetry/Otlp.ts"
import { dump } from "./layers/record/dump.ts"
import { replay } from "./layers/record/replay.ts"
import * as Telemetry from "./layers/telemetry/Telemetry.ts"
import * as Tcp from "./layers/transport/Tcp.ts"
import { type ConfigSource, help, parseCommandLine, usageExitCode } from "./domain/config/commandLine.ts"
import type { Environment } from "./domain/config/environment.ts"
import { type GlobalSettings, runsInBackground } from "./domain/config/Settings.ts"
import { srsErrors } from "./domain/errors/SrsError.ts"
import { minimumLevel } from "./domain/log/level.ts"
import { otlpPlan } from "./domain/log/otlp.ts"
import { compatibleVersion, name, signature, version } from "./domain/Product.ts"
import type { Endpoint } from "./services/Transport.ts"
import type { DumpRequest, ReplayRequest } from "./domain/record/recordCommands.ts"
import { serverIdPath } from "./domain/process/serverId.ts"
import { doctorReport } from "./domain/process/doctor.ts"
import { ProcessControl } from "./services/ProcessControl.ts"
import { Reload } from "./services/Reload.ts"
import { ServerIdentity } from "./services/ServerIdentity.ts"
import { Settings } from "./services/Settings.ts"
import { type LogSettings, LogTank } from "./services/Telemetry.ts"
import { server } from "./server.ts"

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
      return serve(settingsSource(command.source), environment)
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
        `${connections} connections, ${bytes} bytes sent, ${receivedBytes} received; ` +
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

const isTerminal = (): boolean => process.stdout.isTTY === true

const logSettings = (global: GlobalSettings): LogSettings => {
  const { logFile, logFormat, logLevel, logLevelV2, logRotate, logTank, utcTime } = global
  const auto = isTerminal() && logTank === "console" ? ("human" as const) : ("srs" as const)
  return {
    format: logFormat === "auto" ? auto : logFormat,
    file: logTank === "file" ? logFile : undefined,
    rotateBytes: logRotate.sizeBytes,
    keepFiles: logRotate.keep,
    minimumLevel: minimumLevel(logLevel, logLevelV2),
    utc: utcTime
  }
}

const telemetryOptions = (global: GlobalSettings, environment: Environment, serverCid: string) => {
  const { otlp } = global
  return {
    // SRS colours a console even where it is no terminal; only eyes gain by that.
    log: { ...logSettings(global), color: isTerminal(), pid: process.pid, serverCid },
    otlp: otlpPlan(
      {
        exporter: otlp.exporter,
        endpoint: otlp.enabled ? otlp.endpoint : "",
        headers: {},
        serviceName: otlp.serviceName,
        serviceVersion: version
      },
      environment
    )
  }
}

/** The server's own start: pid file, identity, listeners, then it serves until it is interrupted. */
const serve = Effect.fnUntraced(function* (source: Config.SettingsSource, environment: Environment) {
  const started = process.cwd()
  const { snapshot } = yield* readConfig(source, environment)
  const { global } = snapshot
  yield* changeWorkDirectory(global.workDir)
  if (runsInBackground(global) && !isDaemon()) {
    return void (yield* startDaemon({ cwd: started, keepOutput: global.logTank === "console" }))
  }
  const serverCid = yield* makeSessionId
  const running = Effect.gen(function* () {
    yield* acquirePidFile(global.pidFile)
    const service = yield* makeSessionId
    const identity = { server: yield* serverId(global.serverId, global.pidFile), service, pid: process.pid }
    if (global.asProcess) yield* followParent
    const loopDelayFile = environment["SLUICE_LOOP_DELAY"]
    if (loopDelayFile !== undefined) yield* reportLoopDelay(loopDelayFile)
    yield* tellNotices
    const { configure, reopen } = yield* LogTank
    yield* onSignal("SIGUSR1", reopen)
    const settings = yield* Settings
    yield* settings.onChange(() => configure(logSettings(settings.current())))
    // The default would end the server, also one that is only starting.
    const reload = yield* Deferred.make<Reload["Service"]>()
    yield* onSignal(
      "SIGHUP",
      Effect.flatMap(Deferred.await(reload), ({ run }) =>
        Effect.andThen(Effect.annotateLogs(Effect.logInfo("reload started"), "process.signal", 1), run)
      )
    )
    const services = yield* Layer.build(Layer.provide(server, Layer.succeed(ServerIdentity, identity)))
    if (global.user.length > 0) yield* becomeUser(global.user, ownFiles(global))
    yield* Deferred.succeed(reload, Context.get(services, Reload))
    yield* Effect.provide(followQuit, services)
    yield* tellQuit
    yield* watchDescriptors
    if (source._tag === "File") {
      yield* Effect.provide(
        followFile(source.path, () => isWatched(settings.current())),
        services
      )
    }
    yield* (yield* ProcessControl).listening
    return yield* Effect.never
  })
  const ground = Layer.merge(Overload.layer, Tcp.layer).pipe(
    Layer.provideMerge(Config.layer(source, { environment })),
    Layer.provideMerge(environment["SLUICE_TRACING"] === "off" ? layerNoop : Layer.empty),
    Layer.provideMerge(Telemetry.layer(telemetryOptions(global, environment, serverCid)))
  )
  yield* running.pipe(Effect.scoped, Effect.provide(ground))
})

/** What the server goes on writing to. */
const ownFiles = ({ logFile, logTank, pidFile }: GlobalSettings): ReadonlyArray<string> => [
  pidFile,
  serverIdPath(pidFile),
  ...(logTank === "file" ? [logFile] : [])
]

/** Does a change of the file reload it? In Docker it does, unless told otherwise. */
const isWatched = ({ autoReloadForDocker, inDocker, inotifyAutoReload }: GlobalSettings): boolean =>
  inotifyAutoReload || (inDocker && autoReloadForDocker)

/** What the author of the configuration should know, once. */
const tellNotices = Effect.gen(function* () {
  yield* Effect.logInfo("starting").pipe(
    Effect.annotateLogs({ "service.name": name, "service.version": version, signature })
  )
  for (const { directive, kind, place, text } of (yield* Settings).notices()) {
    const line = kind === "inactive" ? Effect.logInfo("directive is not active") : Effect.logWarning("configuration")
    yield* line.pipe(Effect.annotateLogs({ directive, place, reason: text }))
  }
})
