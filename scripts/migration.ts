/** docs/migration.md: each directive beside what SRS makes of it. */
import { coreTables } from "../src/domain/config/directives/core.ts"
import { makeSchema, type Placed } from "../src/domain/config/ConfigSchema.ts"
import type { Table } from "../src/domain/config/Entry.ts"
import { migrationIntroduction } from "./migrationIntroduction.ts"
import { srsDirectives } from "./srsDirectives.ts"

/** What is better here than in SRS 7, or other for a reason, by directive. */
export const better: Readonly<Record<string, string>> = {
  daemon: "the command returns when the server listens, or with its error; SRS returns at once",
  "http_api.auth.enabled":
    "without it SRS lets anybody end clients and reload; here only this machine may, and everybody may look",
  "http_api.raw_api.allow_reload": "reloads what every table here marks so, not a few objects; a failure ends nothing",
  "exporter.enabled": "rates, dropped frames and forwards too",
  "heartbeat.enabled": "a slow receiver holds up nothing",
  circuit_breaker: "for all viewers; in SRS for WebRTC alone",
  "vhost.play.queue_length":
    "whole groups of pictures are lost, never a part of one: SRS goes on in the middle, with a broken picture",
  "vhost.play.time_jitter":
    "gaps stay true, so that one frame a second stays one: SRS makes 10 ms of each step over 250 ms",
  "vhost.play.reduce_sequence_header": "players that are there still get new metadata; in SRS they do not",
  "vhost.http_remux.mount": "`.mp4` (fragmented MP4) too, over HTTP and WebSocket",
  "vhost.http_remux.guess_has_av": "from metadata and headers; SRS denies sound that starts late",
  "vhost.security.allow": "IPv6 too, and networks of it",
  "vhost.security.deny": "IPv6 too, and networks of it",
  "vhost.http_hooks.on_connect": "a refused client is told so; SRS only closes",
  "vhost.http_hooks.on_publish": "a refused client is told so; in the order of the stream's publishers",
  "vhost.http_hooks.on_play": "a refused client is told so, HTTP with 403; HLS with `hls_ctx off` is asked about too",
  "vhost.http_hooks.on_close": "repeated until it is heard, in order, kept if it is not; SRS tells once",
  "vhost.http_hooks.on_unpublish": "repeated until it is heard, in order, kept if it is not; SRS tells once",
  "vhost.http_hooks.on_stop": "repeated until it is heard, in order, kept if it is not; SRS tells once",
  "vhost.http_hooks.on_hls": "repeated until it is heard, in order, kept if it is not; SRS tells once",
  "vhost.http_static.enabled": "ranges and conditions for every type of file",
  "vhost.hls.enabled": "sequence numbers never go back, not even over a restart",
  "vhost.hls.hls_dispose": "files of a stream that has ended go too; in SRS 7.0.18 they stay",
  "vhost.hls.hls_storage": "segments in memory again; SRS has removed that",
  "vhost.dash.dash_dispose": "files of a stream that has ended go too; in SRS 7.0.18 they stay",
  "vhost.forward.destination":
    "RTMPS, name and password, variables; begins at a keyframe, also after a break; seen and changed by the API",
  "vhost.forward.backend": "a failure frees the stream; in SRS it stays busy until a restart. The question is signed"
}

interface Row {
  readonly path: string
  readonly mark: "same" | "better" | "new" | "not here"
  readonly remark: string
}

const rowOf = ({ active, entry, path, reason }: Placed): Row => {
  if (entry._tag === "Retired") return { path, mark: "not here", remark: `accepted, without effect: ${entry.doc}` }
  if (!active) return { path, mark: "not here", remark: reason }
  if (!srsDirectives.has(path)) return { path, mark: "new", remark: entry.doc.replace(/ Beyond SRS\.$/, "") }
  const remark = better[path]
  return remark === undefined ? { path, mark: "same", remark: "" } : { path, mark: "better", remark }
}

/** What is inside of a block that is not here, or new, goes without saying. */
const rowsOf = (table: Table): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  const said: Array<string> = []
  for (const placed of makeSchema([table]).entries) {
    if (said.some((path) => placed.path.startsWith(`${path}.`))) continue
    const row = rowOf(placed)
    if (rows.some(({ path }) => path === row.path)) continue
    if (row.mark === "new" || row.mark === "not here") said.push(placed.path)
    rows.push(row)
  }
  return rows
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

const section = (table: Table): string =>
  [
    `### ${table.title}`,
    "",
    "| Directive | Here | |",
    "| --- | --- | --- |",
    ...rowsOf(table).map(({ mark, path, remark }) => `| \`${path}\` | ${mark} | ${cell(remark)} |`),
    ""
  ].join("\n")

/** The subsystems of SRS that are still to come, in the words of the tables. */
const absent = (): ReadonlyArray<string> =>
  coreTables
    .filter(({ active }) => !active)
    .map(({ doc, reason, title }) => `- **${title}**: ${doc.replace(/\.$/, "")}. Not here: ${reason}.`)

export const migrationPage = (): string =>
  migrationIntroduction.replace("ABSENT", absent().join("\n")) + coreTables.map(section).join("\n")
