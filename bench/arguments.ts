/** Arguments of `bun run bench`. Pure. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"

import type { ServerName } from "./peers/peer.ts"
import { type Row, rows } from "./rows.ts"

export const usage = `usage: bun run bench [--quick] [--row NAME]… [--peers LIST|none] [--seconds N] [--json FILE]

Puts the same loads on this server and on its peers in turn and prints one table.

  --quick         shorter windows, fewer rows, nginx-rtmp only: under two minutes
  --row NAME      only this row; may be repeated
  --peers LIST    of nginx (with nginx-rtmp), nginx-files (nginx as a server of our segments) and nms
                  (node-media-server, fetched from npm); none
  --seconds N     the measured window of each run
  --json FILE     also write all figures to FILE

rows: ${rows.map(({ name }) => name).join(", ")}`

export interface Plan {
  readonly quick: boolean
  readonly rows: ReadonlyArray<Row>
  readonly peers: ReadonlySet<ServerName>
  readonly seconds: number | undefined
  readonly json: string | undefined
}

export class WrongUse extends Data.TaggedError("WrongUse")<{ readonly reason: string }> {
  override get message() {
    return this.reason
  }
}

const refuse = (reason: string) => Result.fail(new WrongUse({ reason }))

const quickPeers: ReadonlyArray<ServerName> = ["nginx"]
const allPeers: ReadonlyArray<ServerName> = ["nginx", "nginx-files", "nms"]

const isPeer = (name: string): name is ServerName => allPeers.some((peer) => peer === name)

export const parse = (args: ReadonlyArray<string>): Result.Result<Plan | "help", WrongUse> => {
  const names: Array<string> = []
  let quick = false
  let peers: ReadonlyArray<string> | undefined
  let seconds: number | undefined
  let json: string | undefined
  for (let i = 0; i < args.length; i++) {
    const option = args[i]!
    if (option === "--help" || option === "-h") return Result.succeed("help")
    if (option === "--quick") {
      quick = true
      continue
    }
    const value = args[++i]
    if (!["--row", "--peers", "--seconds", "--json"].includes(option)) return refuse(`unknown argument ${option}`)
    if (value === undefined) return refuse(`${option} takes a value`)
    if (option === "--row") names.push(value)
    if (option === "--peers") peers = value === "none" ? [] : value.split(",")
    if (option === "--seconds") seconds = Number(value)
    if (option === "--json") json = value
  }
  peers ??= quick ? quickPeers : allPeers
  const unknownRow = names.find((name) => !rows.some((row) => row.name === name))
  if (unknownRow !== undefined) return refuse(`no row ${unknownRow}`)
  const unknownPeer = peers.find((peer) => !isPeer(peer))
  if (unknownPeer !== undefined) return refuse(`no peer ${unknownPeer}`)
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= 600)) {
    return refuse("--seconds takes a number from 1 to 600")
  }
  const chosen = rows.filter((row) => (names.length > 0 ? names.includes(row.name) : row.quick || !quick))
  return Result.succeed({ quick, rows: chosen, peers: new Set(peers.filter(isPeer)), seconds, json })
}
