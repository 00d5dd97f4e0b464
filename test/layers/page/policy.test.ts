import { expect, test } from "bun:test"
import { contentSecurityPolicy } from "../../../src/layers/page/policy.ts"

const directives = (host: string) =>
  new Map(
    contentSecurityPolicy(host)
      .split("; ")
      .map((text) => [text.slice(0, text.indexOf(" ")), text.slice(text.indexOf(" ") + 1)] as const)
  )

test("nothing is allowed but this server, on any port", () => {
  const policy = directives("live.example")
  expect(policy.get("default-src")).toBe("'none'")
  expect(policy.get("script-src")).toBe("'self'")
  expect(policy.get("connect-src")).toBe(
    "'self' http://live.example:* https://live.example:* ws://live.example:* wss://live.example:*"
  )
  expect(policy.get("media-src")).toStartWith("'self' blob: http://live.example:*")
})

test("a host that is no name or address of the grammar adds nothing", () => {
  for (const host of ["", "::1", "a;script-src *", "a b", "*", "*.example", "-a", "a'", "ä.example"]) {
    expect(directives(host).get("connect-src")).toBe("'self'")
    expect(directives(host).get("script-src")).toBe("'self'")
  }
})
