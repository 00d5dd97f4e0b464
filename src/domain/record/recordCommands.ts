/** The arguments of `sluice dump` and `sluice replay`. */
import { endpointOf, isInteger } from "../config/values.ts"

export interface Place {
  readonly host: string
  readonly port: number
}

export interface DumpRequest {
  readonly listen: Place
  /** The server that gets what is recorded. */
  readonly to: Place
  readonly file: string
}

export interface ReplayRequest {
  readonly file: string
  readonly to: Place
  /** 1 is as recorded, 2 twice as fast; 0 does not wait at all. */
  readonly speed: number
}

/** The value of each option, and what stands between them; the name of an option without value or meaning. */
const readOptions = (args: ReadonlyArray<string>, known: ReadonlySet<string>) => {
  const values = new Map<string, string>()
  const others: Array<string> = []
  for (let at = 0; at < args.length; at++) {
    const name = args[at]
    if (!name.startsWith("-")) others.push(name)
    else if (!known.has(name)) return `unknown option ${name}`
    else if (++at === args.length) return `${name} needs a value`
    else values.set(name, args[at])
  }
  return { values, others }
}

/** `port`, `host:port` or `[ipv6]:port`, with a name or an address. */
const placeOf = (text: string | undefined, lowestPort: number): Place | undefined => {
  if (text === undefined || !isInteger(text.slice(text.lastIndexOf(":") + 1))) return undefined
  const { host, port } = endpointOf(text)
  return port >= lowestPort && port < 65_536 ? { host, port } : undefined
}

/** The request, or in words what is wrong with it. */
export const parseDump = (args: ReadonlyArray<string>): DumpRequest | string => {
  const options = readOptions(args, new Set(["--listen", "--to", "-o"]))
  if (typeof options === "string") return options
  const { others, values } = options
  if (others.length > 0) return `unexpected argument ${others[0]}`
  const listen = placeOf(values.get("--listen"), 0)
  const to = placeOf(values.get("--to"), 1)
  const file = values.get("-o")
  if (listen === undefined) return "dump needs --listen [HOST:]PORT"
  if (to === undefined || !values.get("--to")?.includes(":")) return "dump needs --to HOST:PORT"
  return file === undefined ? "dump needs -o FILE" : { listen, to, file }
}

/** The request, or in words what is wrong with it. */
export const parseReplay = (args: ReadonlyArray<string>): ReplayRequest | string => {
  const options = readOptions(args, new Set(["--to", "--speed"]))
  if (typeof options === "string") return options
  const { others, values } = options
  const to = placeOf(values.get("--to"), 1)
  const speed = Number(values.get("--speed") ?? 1)
  if (others.length !== 1) return "replay needs one FILE"
  if (to === undefined || !values.get("--to")?.includes(":")) return "replay needs --to HOST:PORT"
  return speed >= 0 && speed < Infinity ? { file: others[0], to, speed } : "--speed needs a number, 0 for no waiting"
}
