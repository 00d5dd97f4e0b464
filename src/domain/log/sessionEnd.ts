/** Why a session ended, in one word: the value of `session.end` in logs and spans. */
import { errorFacts } from "../errors/errorFacts.ts"
import { srsErrors } from "../errors/SrsError.ts"

/**
 * `closed`: by its own logic, or the peer left; `failed`: an error; `timeout`: nothing came for too long; `kicked`: by
 * an operator or a limit; `replaced`: another publisher took its stream over; `shutdown`: the server or the listener
 * stops.
 */
export type SessionEnd = "closed" | "failed" | "timeout" | "kicked" | "replaced" | "shutdown"

const endsByTag: ReadonlyMap<unknown, SessionEnd> = new Map([
  ["SessionKicked", "kicked"],
  ["TakenOver", "replaced"]
])

const endsByCode: ReadonlyMap<number | undefined, SessionEnd> = new Map([
  [srsErrors.SocketTimeout, "timeout"],
  [srsErrors.KickoffForIdle, "kicked"]
])

/** The end of a session that this error ended. */
export const sessionEnd = (error: unknown): SessionEnd => {
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error["_tag"] : undefined
  return endsByTag.get(tag) ?? endsByCode.get(errorFacts(error)["error.code"]) ?? "failed"
}
