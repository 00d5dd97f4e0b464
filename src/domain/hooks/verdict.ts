/** Whether the answer to a callback accepts, by SRS's rules. */
import * as Result from "effect/Result"
import type { Reply } from "./ReplyReader.ts"

/** An answer's text in a log line goes no further than this. */
const shownLength = 100

const codeOf = (body: string): unknown => {
  const parsed = Result.getOrElse(
    Result.try((): unknown => JSON.parse(body)),
    () => undefined
  )
  return typeof parsed === "object" && parsed !== null && "code" in parsed ? parsed.code : undefined
}

/** Why it does not; `undefined` for an answer that accepts: 200 or 201 with the one byte `0`, or an object with code 0. */
export const rejectionOf = ({ body, status }: Reply): string | undefined => {
  if (status !== 200 && status !== 201) return `status ${status}`
  if (body === "0" || codeOf(body) === 0) return undefined
  return body === "" ? "empty body" : `body ${JSON.stringify(body.slice(0, shownLength))}`
}

/** A server in trouble, to which the same may be said later. One that has answered otherwise has been told. */
export const isTrouble = (status: number): boolean => status === 429 || status >= 500
