/** Reloads one at a time, and tells in the log what each has changed. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { SettingsChange } from "../../domain/config/changes.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { Reload, type ReloadReport } from "../../services/Reload.ts"
import { type ReloadFailure, Settings } from "../../services/Settings.ts"
import { makeSessionId } from "../telemetry/session.ts"

/** Characters of a reload's id (SRS). */
const idLength = 7

const told = ({ atStart, change, directives, vhost }: SettingsChange) => {
  const facts = {
    change,
    ...(vhost === undefined ? {} : { "stream.vhost": vhost }),
    ...(directives.length === 0 ? {} : { directives: directives.join(" ") })
  }
  const changed = Effect.logInfo("configuration changed").pipe(Effect.annotateLogs(facts))
  if (atStart.length === 0) return changed
  const late = Effect.logWarning("the change has effect after a restart only")
  return Effect.andThen(changed, Effect.annotateLogs(late, { directives: atStart.join(" ") }))
}

const failed = ({ message }: ReloadFailure) =>
  Effect.logError("a part of the server could not follow the configuration").pipe(
    Effect.annotateLogs("reason", message)
  )

export const layer = Layer.effect(
  Reload,
  Effect.gen(function* () {
    const settings = yield* Settings
    let last: ReloadReport = { rid: "", state: 0, err: 0, msg: "" }

    const attempt = Effect.gen(function* () {
      const rid = (yield* makeSessionId).slice(0, idLength)
      last = { rid, state: 10, err: 0, msg: "" }
      const outcome = yield* Effect.result(settings.reload)
      if (Result.isFailure(outcome)) {
        const [first] = outcome.failure.problems
        last = { rid, state: 10, err: srsErrors.ConfigInvalid, msg: first }
        for (const reason of outcome.failure.problems) {
          yield* Effect.logWarning("configuration refused: nothing has changed").pipe(
            Effect.annotateLogs({ reason, "reload.id": rid })
          )
        }
        return last
      }
      const { changes, failures } = outcome.success
      for (const change of changes) yield* told(change)
      for (const failure of failures) yield* failed(failure)
      const [failure] = failures
      last = { rid, state: 90, err: failure === undefined ? 0 : srsErrors.ConfigInvalid, msg: failure?.message ?? "" }
      // The line that SRS's tools look for.
      yield* Effect.logInfo("reload finished").pipe(Effect.annotateLogs("reload.state", 90))
      yield* Effect.logInfo("configuration reloaded").pipe(
        Effect.annotateLogs({ "reload.id": rid, "reload.changes": changes.length, "reload.failures": failures.length })
      )
      return last
    })

    return Reload.of({ run: attempt, last: () => last })
  })
)
