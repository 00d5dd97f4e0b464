import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { runMain } from "/work/main/src/layers/process/runMain.ts"
import * as Telemetry from "/work/main/src/layers/telemetry/Telemetry.ts"
import { LogTank } from "/work/main/src/services/Telemetry.ts"
runMain(Effect.gen(function*(){
  const tank = yield* LogTank
  let n = 0
  while (true) { for (let i=0;i<100;i++) yield* Effect.logInfo("x".repeat(200)); n+=100; yield* Effect.sleep(10); if (n%2000===0) process.stderr.write(`${n} lost ${tank.lost()}\n`) }
}).pipe(Effect.provide(Telemetry.layer({ otlp: undefined, log: { format: "human", file: undefined, minimumLevel: "Info", utc: true, color: false, pid: 1, serverCid: "x" } }))))
