/** Arguments of `sluice load`, and what the C program makes of them. Pure. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"

export const usage = `usage: sluice load publish rtmp://HOST[:PORT]/APP/STREAM --input CLIP.flv [options]
       sluice load play    rtmp://HOST[:PORT]/APP/STREAM               [options]
       sluice load play    http://HOST[:PORT]/APP/STREAM.flv           [options]
       sluice load play    ws://HOST[:PORT]/APP/STREAM.flv             [options]
       sluice load play    http://HOST[:PORT]/APP/STREAM.m3u8          [options]

Opens many connections to a live media server, any server, and measures what they get. "%d" in the
URL becomes the connection's index. One JSON object is printed on stdout, a summary on stderr.

  -n, --count N      connections (1)
  -t, --seconds N    measured time, after all are open and --settle has passed (10)
  -i, --input FILE   FLV file that publishers send in real time, looped
  --ramp N           connections opened a second (500)
  --settle N         seconds between the last start and the measured time (2)
  --check N          viewers whose framing, order and marked frames are checked, spread over all (8);
                     the others are only counted, and answer neither RTMP nor WebSocket pings
  --sweep MS         read the viewers that are only counted every MS; 0: at once (0)
  --start N          seconds in which a connection must have started, or it has failed (15)
  --chunk N          chunk size of publishers (4096)
  --no-mark          publish the clip as it is, without the marks that measure latency in H.264 video
  --remote           allow an address that is not on this machine
  -h, --help         this text

"void": true in the result says that this generator was itself too slow to be believed.
Exit status: 0 all as asked, 1 a connection or a check failed, 2 wrong use, 3 out of time.`

/** Options that take a number: the C program's name, the smallest and the largest value. */
const numbers: Readonly<Record<string, readonly [key: string, min: number, max: number]>> = {
  "--count": ["count", 1, 100_000],
  "--seconds": ["seconds", 1, 86_400],
  "--ramp": ["ramp", 1, 100_000],
  "--settle": ["settle", 0, 3600],
  "--check": ["check", 0, 100_000],
  "--sweep": ["sweep", 0, 1000],
  "--start": ["start", 1, 3600],
  "--chunk": ["chunk", 128, 65_536]
}

const shortNames: Readonly<Record<string, string>> = {
  "-n": "--count",
  "-t": "--seconds",
  "-i": "--input",
  "-h": "--help"
}

const schemes: Readonly<Record<string, { readonly proto: string; readonly port: number }>> = {
  "rtmp:": { proto: "rtmp", port: 1935 },
  "http:": { proto: "http", port: 80 },
  "ws:": { proto: "ws", port: 80 }
}

const isPlaylist = ({ pathname, protocol }: URL): boolean => protocol === "http:" && pathname.endsWith(".m3u8")

export class WrongUse extends Data.TaggedError("WrongUse")<{ readonly reason: string }> {
  override get message() {
    return this.reason
  }
}

const refuse = (reason: string) => Result.fail(new WrongUse({ reason }))

const targetOf = (role: string, text: string): Result.Result<ReadonlyArray<string>, WrongUse> => {
  // A "%d" is no valid escape in a URL.
  const url = URL.parse(text.replaceAll("%d", "%25d"))
  const scheme = url === null ? undefined : schemes[url.protocol]
  if (url === null || scheme === undefined) return refuse(`not an rtmp, http or ws URL: ${text}`)
  if (role === "publish" && scheme.proto !== "rtmp") return refuse("publish takes an rtmp URL")
  const path = (url.pathname + url.search).replaceAll("%25d", "%d")
  if (scheme.proto === "rtmp" && !/^\/[^/]+\/./.test(path)) return refuse(`no application and stream in ${text}`)
  const port = url.port === "" ? scheme.port : Number(url.port)
  return Result.succeed([
    `role=${role}`,
    `proto=${isPlaylist(url) ? "hls" : scheme.proto}`,
    `host=${url.hostname}`,
    `port=${port}`,
    `path=${scheme.proto === "rtmp" ? path.slice(1) : path}`
  ])
}

const numberOf = (option: string, text: string | undefined): Result.Result<string, WrongUse> => {
  const [key, min, max] = numbers[option]!
  const value = Number(text)
  if (text === undefined || !/^\d+$/.test(text) || value < min || value > max) {
    return refuse(`${option} takes a number from ${min} to ${max}`)
  }
  return Result.succeed(`${key}=${value}`)
}

/** The C program's arguments, or "help". */
export const parse = (args: ReadonlyArray<string>): Result.Result<ReadonlyArray<string> | "help", WrongUse> => {
  const parsed: Array<string> = []
  const words: Array<string> = []
  for (let i = 0; i < args.length; i++) {
    const option = shortNames[args[i]!] ?? args[i]!
    if (option === "--help") return Result.succeed("help")
    if (option in numbers) {
      const number = numberOf(option, args[++i])
      if (Result.isFailure(number)) return Result.fail(number.failure)
      parsed.push(number.success)
    } else if (option === "--input") {
      if (args[++i] === undefined) return refuse("--input takes a file")
      parsed.push(`file=${args[i]}`)
    } else if (option === "--remote") parsed.push("remote=1")
    else if (option === "--no-mark") parsed.push("mark=0")
    else if (option.startsWith("-")) return refuse(`unknown option ${option}`)
    else words.push(option)
  }
  const [role, url, ...more] = words
  if (role !== "publish" && role !== "play") return refuse("say publish or play")
  if (url === undefined || more.length > 0) return refuse("give exactly one URL")
  if (role === "publish" && !parsed.some((argument) => argument.startsWith("file=")))
    return refuse("publish needs --input")
  return Result.map(targetOf(role, url), (target) => [...target, ...parsed])
}
