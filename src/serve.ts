/** How a server starts in its surroundings, and what its process does for it while it runs. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Config from "./layers/config/Settings.ts"
import { isDaemon, startDaemon } from "./layers/process/daemon.ts"
import { changeWorkDirectory, followParent, serverId } from "./layers/process/environment.ts"
import { reportLoopDelay } from "./layers/process/loopDelay.ts"
import { followQuit, tellQuit } from "./layers/process/gracefulQuit.ts"
import { acquirePidFile } from "./layers/process/pidFile.ts"
import { becomeUser } from "./layers/process/becomeUser.ts"
import { tidyAfterFloods } from "./layers/process/floods.ts"
import { giveBackAfterStart } from "./layers/process/runtimePages.ts"
import { watchDescriptors } from "./layers/process/descriptors.ts"
import { onSignal } from "./layers/process/signals.ts"
import * as Overload from "./layers/overload/Overload.ts"
import { followFile } from "./layers/reload/watchFile.ts"
import { makeSessionId } from "./layers/telemetry/session.ts"
import { layerNoop } from "./layers/telemetry/Otlp.ts"
import * as Telemetry from "./layers/telemetry/Telemetry.ts"
import * as Tcp from "./layers/transport/Tcp.ts"
import type { Environment } from "./domain/config/environment.ts"
import { type GlobalSettings, runsInBackground } from "./domain/config/Settings.ts"
import { minimumLevel } from "./domain/log/level.ts"
import { otlpPlan } from "./domain/log/otlp.ts"
import { name, signature, version } from "./domain/Product.ts"
import { serverIdPath } from "./domain/process/serverId.ts"
import { ProcessControl } from "./services/ProcessControl.ts"
import { Reload } from "./services/Reload.ts"
import { ServerIdentity } from "./services/ServerIdentity.ts"
import { Settings } from "./services/Settings.ts"
import { type LogSettings, LogTank } from "./services/Telemetry.ts"
import { server } from "./server.ts"

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

/** SIGUSR1 opens the log anew, and a reload changes it. */
const followLog = Effect.gen(function* () {
  const { configure, reopen } = yield* LogTank
  const settings = yield* Settings
  yield* onSignal("SIGUSR1", reopen)
  yield* settings.onChange(() => configure(logSettings(settings.current())))
})

/** From now on SIGHUP reloads, as soon as there is something to reload: the default would end a server that starts. */
const followHangUp = Effect.gen(function* () {
  const reload = yield* Deferred.make<Reload["Service"]>()
  const run = Effect.flatMap(Deferred.await(reload), (service) =>
    Effect.andThen(Effect.annotateLogs(Effect.logInfo("reload started"), "process.signal", 1), service.run)
  )
  yield* onSignal("SIGHUP", run)
  return reload
})

/** What this process does for the server, once that listens. */
const follow = Effect.fnUntraced(function* (source: Config.SettingsSource) {
  const settings = yield* Settings
  yield* followQuit
  yield* tellQuit
  yield* watchDescriptors
  yield* tidyAfterFloods
  yield* giveBackAfterStart()
  if (source._tag === "File") yield* followFile(source.path, () => isWatched(settings.current()))
})

/** Pid file, identity, listeners; then it serves until it is interrupted. */
const run = Effect.fnUntraced(function* (
  source: Config.SettingsSource,
  environment: Environment,
  global: GlobalSettings
) {
  yield* acquirePidFile(global.pidFile)
  const service = yield* makeSessionId
  const identity = { server: yield* serverId(global.serverId, global.pidFile), service, pid: process.pid }
  if (global.asProcess) yield* followParent
  const loopDelayFile = environment["SLUICE_LOOP_DELAY"]
  if (loopDelayFile !== undefined) yield* reportLoopDelay(loopDelayFile)
  yield* tellNotices
  yield* followLog
  const reload = yield* followHangUp
  const services = yield* Layer.build(Layer.provide(server, Layer.succeed(ServerIdentity, identity)))
  if (global.user.length > 0) yield* becomeUser(global.user, ownFiles(global))
  yield* Deferred.succeed(reload, Context.get(services, Reload))
  yield* Effect.provide(follow(source), services)
  yield* (yield* ProcessControl).listening
  return yield* Effect.never
})

/** The server in its surroundings: work directory, daemon, telemetry, settings, transport. */
export const serve = Effect.fnUntraced(function* (
  source: Config.SettingsSource,
  environment: Environment,
  global: GlobalSettings
) {
  const started = process.cwd()
  yield* changeWorkDirectory(global.workDir)
  if (runsInBackground(global) && !isDaemon()) {
    return void (yield* startDaemon({ cwd: started, keepOutput: global.logTank === "console" }))
  }
  const ground = Layer.merge(Overload.layer, Tcp.layer).pipe(
    Layer.provideMerge(Config.layer(source, { environment })),
    Layer.provideMerge(environment["SLUICE_TRACING"] === "off" ? layerNoop : Layer.empty),
    Layer.provideMerge(Telemetry.layer(telemetryOptions(global, environment, yield* makeSessionId)))
  )
  yield* run(source, environment, global).pipe(Effect.scoped, Effect.provide(ground))
})
