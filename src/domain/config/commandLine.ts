/** What the command line asks for: the letters of SRS, words of our own, and nothing that is guessed. */
import { type HashRequest, parseHash, parseSign, type SignRequest } from "../access/accessCommands.ts"
import { type DumpRequest, parseDump, parseReplay, type ReplayRequest } from "../record/recordCommands.ts"
import { configFileVariable, type Environment, environmentOnlyVariable } from "./environment.ts"

/** Where the configuration comes from. */
export type ConfigSource =
  /** The file shipped with this program. */
  { readonly _tag: "Shipped" } | { readonly _tag: "File"; readonly path: string } | { readonly _tag: "Environment" }

export type Command =
  | { readonly _tag: "Help" }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Signature" }
  | { readonly _tag: "Serve"; readonly source: ConfigSource }
  /** Read and check the configuration only. */
  | { readonly _tag: "Test"; readonly source: ConfigSource }
  | { readonly _tag: "Doctor"; readonly source: ConfigSource }
  | { readonly _tag: "Dump"; readonly request: DumpRequest }
  | { readonly _tag: "Replay"; readonly request: ReplayRequest }
  | { readonly _tag: "Sign"; readonly request: SignRequest; readonly source: ConfigSource }
  | { readonly _tag: "Hash"; readonly request: HashRequest }
  /** Print what is wrong and the help to standard error, exit with `usageExitCode`. */
  | { readonly _tag: "Misused"; readonly reason: string }

export const usageExitCode = 2

export const help = `sluice - a live media server with the configuration, URLs and API of SRS

Usage: sluice [-c FILE | -e] [-t]
       sluice doctor [-c FILE | -e]
       sluice load publish|play ...
       sluice dump --listen [HOST:]PORT --to HOST:PORT -o FILE
       sluice replay FILE --to HOST:PORT [--speed N]
       sluice sign publish|play APP/STREAM [--for SECONDS] [--vhost NAME] [-c FILE | -e]
       sluice hash [--adobe USER]
       sluice -h | -v | -g

  -c FILE   serve with this configuration file
  -e        serve with the environment (SRS_*) alone
  -t        test the configuration and exit
  -v        print the version of SRS that this server is compatible with
  -g        print the signature of the server
  -h        print this help
  doctor    check ports, limits, clock and certificates, in words
  load      put load on a server, as publishers or viewers (bin/sluice only)
  dump      stand between clients and a server, and record what the clients send
  replay    send that to a server again; --speed 0 does not wait, 2 is twice as fast
  sign      print the query of a signed URL, by the key in the configuration (auth.secret)
  hash      print what a configuration has of the password in standard input (auth.user, auth.key)

Without arguments it serves with the configuration that it ships, conf/default.conf.
SRS_CONFIG_FILE beats -c; SRS_ENV_ONLY, set to anything, is -e.
`

interface Flags {
  file: string | undefined
  environmentOnly: boolean
  test: boolean
}

const misused = (reason: string): Command => ({ _tag: "Misused", reason })

/** Commands that end the reading of arguments at once. */
const immediate: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["?", { _tag: "Help" }],
  ["h", { _tag: "Help" }],
  ["v", { _tag: "Version" }],
  ["V", { _tag: "Version" }],
  ["g", { _tag: "Signature" }],
  ["G", { _tag: "Signature" }]
])

/**
 * Reads the letters of one argument, after its dash. Returns a command if that is the end of it, else whether the next
 * argument was taken as the file.
 */
const readLetters = (letters: string, next: string | undefined, flags: Flags): Command | "next taken" | "read" => {
  for (const [index, letter] of [...letters].entries()) {
    const command = immediate.get(letter)
    if (command !== undefined) return command
    if (letter === "t") flags.test = true
    else if (letter === "e") flags.environmentOnly = true
    else if (letter === "c") {
      const attached = [...letters].slice(index + 1).join("")
      flags.file = attached === "" ? next : attached
      if (flags.file === undefined || flags.file === "") return misused("-c needs a file")
      return attached === "" ? "next taken" : "read"
    } else return misused(`unknown option -${letter}`)
  }
  return "read"
}

const longCommands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["--help", { _tag: "Help" }],
  ["--version", { _tag: "Version" }]
])

const sourceOf = (flags: Flags, environment: Environment): ConfigSource | undefined => {
  if (flags.environmentOnly || environment[environmentOnlyVariable] !== undefined) return { _tag: "Environment" }
  const path = environment[configFileVariable] || flags.file
  return path === undefined ? undefined : { _tag: "File", path }
}

const recordCommand = (name: "dump" | "replay", args: ReadonlyArray<string>): Command => {
  if (args.includes("-h") || args.includes("--help")) return { _tag: "Help" }
  const request = name === "dump" ? parseDump(args) : parseReplay(args)
  if (typeof request === "string") return misused(request)
  return "file" in request && "speed" in request ? { _tag: "Replay", request } : { _tag: "Dump", request }
}

const signCommand = (args: ReadonlyArray<string>, environment: Environment): Command => {
  const request = parseSign(args)
  if (typeof request === "string") return misused(request)
  const serve = parseCommandLine(request.rest, environment)
  return serve._tag === "Serve" ? { _tag: "Sign", request, source: serve.source } : misused("sign takes -c FILE or -e")
}

/** Reads the arguments after the program's name. */
export const parseCommandLine = (args: ReadonlyArray<string>, environment: Environment): Command => {
  if (args[0] === "sign") return signCommand(args.slice(1), environment)
  if (args[0] === "hash") {
    const request = parseHash(args.slice(1))
    return typeof request === "string" ? misused(request) : { _tag: "Hash", request }
  }
  if (args[0] === "dump" || args[0] === "replay") return recordCommand(args[0], args.slice(1))
  const flags: Flags = { file: undefined, environmentOnly: false, test: false }
  let doctor = false
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]
    const long = longCommands.get(argument)
    if (long !== undefined) return long
    if (argument === "doctor" && index === 0) doctor = true
    else if (argument.startsWith("--")) return misused(`unknown option ${argument}`)
    else if (!argument.startsWith("-") || argument === "-") return misused(`unexpected argument ${argument}`)
    else {
      const result = readLetters(argument.slice(1), args[index + 1], flags)
      if (result === "next taken") index++
      else if (result !== "read") return result
    }
  }
  const source = sourceOf(flags, environment) ?? { _tag: "Shipped" }
  if (doctor) return flags.test ? misused("doctor and -t together") : { _tag: "Doctor", source }
  return { _tag: flags.test ? "Test" : "Serve", source }
}
