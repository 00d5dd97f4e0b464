import { expect, test } from "bun:test"
import { type Command, help, parseCommandLine } from "../../../src/domain/config/commandLine.ts"

const file = (path: string) => ({ _tag: "File", path }) as const
const serve = (path: string): Command => ({ _tag: "Serve", source: file(path) })
const misused = (reason: string): Command => ({ _tag: "Misused", reason })

const cases: ReadonlyArray<readonly [args: string, command: Command]> = [
  ["", { _tag: "Serve", source: { _tag: "Shipped" } }],
  ["-c a.conf", serve("a.conf")],
  ["-ca.conf", serve("a.conf")],
  ["-c -x", serve("-x")],
  ["-t", { _tag: "Test", source: { _tag: "Shipped" } }],
  ["-t -c a.conf", { _tag: "Test", source: file("a.conf") }],
  ["-tc a.conf", { _tag: "Test", source: file("a.conf") }],
  ["-e", { _tag: "Serve", source: { _tag: "Environment" } }],
  ["-te", { _tag: "Test", source: { _tag: "Environment" } }],
  ["-e -c a.conf", { _tag: "Serve", source: { _tag: "Environment" } }],
  ["-?", { _tag: "Help" }],
  ["-h", { _tag: "Help" }],
  ["--help", { _tag: "Help" }],
  ["-v", { _tag: "Version" }],
  ["-V", { _tag: "Version" }],
  ["--version", { _tag: "Version" }],
  ["-g", { _tag: "Signature" }],
  ["-G", { _tag: "Signature" }],
  ["-tv -x", { _tag: "Version" }],
  [
    "sign play live/room/a --for 60 -c a.conf --vhost v.com",
    {
      _tag: "Sign",
      request: {
        action: "play",
        stream: { vhost: "v.com", app: "live/room", stream: "a" },
        seconds: 60,
        rest: ["-c", "a.conf"]
      },
      source: file("a.conf")
    }
  ],
  ["sign", misused("sign needs publish or play")],
  ["sign play a", misused("sign needs APP/STREAM")],
  ["sign play live/a --for x", misused("--for needs a number of seconds")],
  ["sign play live/a -t", misused("sign takes -c FILE or -e")],
  ["hash", { _tag: "Hash", request: { adobeUser: undefined } }],
  ["hash --adobe joe", { _tag: "Hash", request: { adobeUser: "joe" } }],
  ["hash secret", misused("hash takes nothing, or --adobe USER")],
  ["hash --adobe j&e", misused("USER is of letters, digits and _ . @ + -")],
  ["doctor", { _tag: "Doctor", source: { _tag: "Shipped" } }],
  ["doctor -c a.conf", { _tag: "Doctor", source: file("a.conf") }],
  ["doctor -t", misused("doctor and -t together")],
  ["-c", misused("-c needs a file")],
  ["-x", misused("unknown option -x")],
  ["-tx", misused("unknown option -x")],
  ["--daemon", misused("unknown option --daemon")],
  ["-", misused("unexpected argument -")],
  ["a.conf", misused("unexpected argument a.conf")],
  ["-t doctor", misused("unexpected argument doctor")]
]

for (const [args, command] of cases) {
  test(`sluice ${args}`, () => {
    expect(parseCommandLine(args === "" ? [] : args.split(" "), {})).toEqual(command)
  })
}

test("the environment names the file or says that there is none", () => {
  expect(parseCommandLine([], { SRS_CONFIG_FILE: "b.conf" })).toEqual(serve("b.conf"))
  expect(parseCommandLine(["-c", "a.conf"], { SRS_CONFIG_FILE: "b.conf" })).toEqual(serve("b.conf"))
  expect(parseCommandLine(["-c", "a.conf"], { SRS_CONFIG_FILE: "" })).toEqual(serve("a.conf"))
  for (const value of ["on", "off", ""]) {
    expect(parseCommandLine(["-c", "a.conf"], { SRS_ENV_ONLY: value, SRS_CONFIG_FILE: "b.conf" })).toEqual({
      _tag: "Serve",
      source: { _tag: "Environment" }
    })
  }
})

test("the help names every option", () => {
  for (const option of ["-c FILE", "-e", "-t", "-v", "-g", "-h", "doctor", "SRS_CONFIG_FILE", "SRS_ENV_ONLY"]) {
    expect(help).toContain(option)
  }
})
