/** A server that serves nothing, in a real process: what `process.test.ts` starts in place of `src/main.ts`. */
import * as net from "node:net"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { acquirePidFile } from "../../src/layers/process/pidFile.ts"
import { changeWorkDirectory } from "../../src/layers/process/environment.ts"
import { isDaemon, startDaemon } from "../../src/layers/process/daemon.ts"
import { runMain } from "../../src/layers/process/runMain.ts"
import * as Telemetry from "../../src/layers/telemetry/Telemetry.ts"
import { background } from "../../src/layers/telemetry/background.ts"
import { ProcessControl } from "../../src/services/ProcessControl.ts"
import { LogTank } from "../../src/services/Telemetry.ts"

class Invalid extends Data.TaggedError("Invalid")<{}> {
  readonly code = 1023
  override readonly message = "the configuration is invalid"
}

const say = (line: string) => Effect.sync(() => console.log(line))

const serve = Effect.gen(function* () {
  const control = yield* ProcessControl
  yield* changeWorkDirectory(process.env["SRS_WORK_DIR"] ?? "")
  if (process.env["SRS_PID"] !== undefined) yield* acquirePidFile(process.env["SRS_PID"])
  yield* Effect.addFinalizer(() => say("released"))
  yield* control.listening
  yield* say(JSON.stringify({ pid: process.pid, argv: process.argv.slice(2), cwd: process.cwd(), env: process.env }))
  return control
}).pipe(Effect.withSpan("serve"))

/** Logs more than any pipe or queue holds. */
const flood = Effect.gen(function* () {
  const tank = yield* LogTank
  for (let line = 0; line < 10_000; line++) yield* Effect.logInfo("x".repeat(500))
  process.stderr.write(`lost ${tank.lost() > 0 ? "some" : "none"}\n`)
  yield* Effect.never
}).pipe(
  Effect.provide(
    Telemetry.layer({
      otlp: undefined,
      log: {
        format: "human",
        file: undefined,
        rotateBytes: 0,
        keepFiles: 0,
        minimumLevel: "Info",
        utc: true,
        color: false,
        pid: 1,
        serverCid: ""
      }
    })
  )
)

/** Throws where no fiber is: in a timer, in a promise, and in a socket's data handler. */
const throwing = Effect.gen(function* () {
  yield* serve
  const fail = (where: string) => {
    throw new Error(`planted in a ${where}`)
  }
  setTimeout(() => fail("timer"), 0)
  void Promise.resolve().then(() => fail("promise"))
  const server = net.createServer((socket) => socket.on("error", () => undefined).on("data", () => fail("socket")))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const socket = net.connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1")
    socket.on("error", () => undefined)
    socket.write("x")
  })
  yield* Effect.sleep(500)
  yield* say("still here")
  yield* Effect.never
}).pipe(Effect.scoped)

const modes: Record<string, Effect.Effect<unknown, { readonly message: string }>> = {
  flood,
  throwing,
  serve: Effect.andThen(serve, Effect.never).pipe(Effect.scoped),
  daemon: isDaemon()
    ? Effect.andThen(serve, Effect.never).pipe(Effect.scoped)
    : startDaemon({ cwd: process.cwd(), keepOutput: false }),
  quit: Effect.flatMap(serve, (control) => control.quit).pipe(Effect.andThen(Effect.never), Effect.scoped),
  invalid: Effect.fail(new Invalid()),
  dying: Effect.die(new Error("bug")).pipe(
    background("listener", { fatal: true }),
    Effect.andThen(Effect.never),
    Effect.scoped
  ),
  stuck: Effect.andThen(
    serve,
    Effect.addFinalizer(() => Effect.andThen(say("stuck"), Effect.never))
  ).pipe(Effect.andThen(Effect.never), Effect.scoped)
}

runMain(modes[process.argv[2] ?? "serve"] ?? Effect.void)
