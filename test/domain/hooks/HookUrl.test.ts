import { expect, test } from "bun:test"
import { parseHookUrl } from "../../../src/domain/hooks/HookUrl.ts"

/** As `tls? host port target authority`. */
const urls: ReadonlyArray<readonly [url: string, parsed: string | undefined]> = [
  ["http://127.0.0.1:8085/api/v1/clients", "tcp 127.0.0.1 8085 /api/v1/clients 127.0.0.1:8085"],
  ["http://h/a?b=c/d&e=?", "tcp h 80 /a?b=c/d&e=? h"],
  ["http://h:80/", "tcp h 80 / h"],
  ["http://h", "tcp h 80 / h"],
  ["http://h?x=1", "tcp h 80 /?x=1 h"],
  ["http://h/a#b", "tcp h 80 /a h"],
  ["https://h/a", "tls h 443 /a h:443"],
  ["HTTPS://h:8443/a", "tls h 8443 /a h:8443"],
  ["http://[::1]:8085/a", "tcp ::1 8085 /a [::1]:8085"],
  ["http://h/a b", undefined],
  ["http://h:0/a", undefined],
  ["http://h:65536/a", undefined],
  ["http://user:pass@h/a", undefined],
  ["http:///a", undefined],
  ["ftp://h/a", undefined],
  ["", undefined]
]

test.each(urls)("%s", (text, parsed) => {
  const url = parseHookUrl(text)
  const shown = url && `${url.encrypted ? "tls" : "tcp"} ${url.host} ${url.port} ${url.target} ${url.authority}`
  expect(shown).toBe(parsed)
})
