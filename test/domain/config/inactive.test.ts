import { expect, test } from "bun:test"
import { loaded } from "./loading.ts"

const inactive = (text: string, environment = {}) =>
  loaded(`listen 1935;\n${text}`, environment).inactive.map(({ path, place }) => [path, place])

test("an inactive block is listed once, whatever is in it and wherever it is again", () => {
  expect(inactive("vhost a { hds { enabled on; hds_fragment 2; } }\nvhost b { hds {} dvr {} }")).toEqual([
    ["vhost.hds", "a.conf:2:11"],
    ["vhost.dvr", "a.conf:3:18"]
  ])
})

test("what is active is not listed", () => {
  const text = `max_connections 5; daemon off; http_api { enabled on; https { enabled on; } } rtmps { enabled on; }
    http_server { enabled on; crossdomain on; }
    vhost a { min_latency on; play { gop_cache off; } publish { grace 3; } http_remux { enabled on; } refer { all x; } }`
  expect(inactive(text)).toEqual([])
})

test("single directives of an active block are listed", () => {
  expect(inactive("http_api {\n raw_api { enabled on; }\n crossdomain on;\n}\ntcmalloc_release_rate 1;")).toEqual([
    ["http_api.crossdomain", "a.conf:4:2"],
    ["tcmalloc_release_rate", "a.conf:6:1"]
  ])
})

test("directives that SRS has removed are listed with that reason", () => {
  const { inactive } = loaded("listen 1935; vhost a { bandcheck { enabled on; } }")
  expect(inactive).toEqual([
    { path: "vhost.bandcheck", place: "a.conf:1:24", reason: "the bandwidth check was removed from SRS" }
  ])
})

test("the environment counts, by the outermost block that is inactive", () => {
  const environment = { SRS_VHOST_HDS_HDS_FRAGMENT: "3", SRS_VHOST_HDS_ENABLED: "on", SRS_VHOST_PLAY_ATC: "on" }
  expect(inactive("", environment)).toEqual([["vhost.hds", "SRS_VHOST_HDS_ENABLED"]])
})
