/** Which streams have files on a disk: kept beside them, for the process that comes after this one. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { StreamName } from "../media/StreamName.ts"

/** Below the root of the output. */
export const rosterFile = ".sluice-hls.json"

const Roster = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ vhost: Schema.String, app: Schema.String, stream: Schema.String }))
)

const decode = Schema.decodeUnknownResult(Roster)

export const rosterText = (names: ReadonlyArray<StreamName>): string =>
  `${JSON.stringify(names.map(({ app, stream, vhost }) => ({ vhost, app, stream })))}\n`

/** None of a text that is no roster. */
export const readRoster = (text: string): ReadonlyArray<StreamName> => Result.getOrElse(decode(text), () => [])
