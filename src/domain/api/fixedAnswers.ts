/** What SRS's API v1 says of itself and of the program: indexes, version, authors, features. */
import { dvr } from "../config/directives/dvr.ts"
import { hls } from "../config/directives/hls.ts"
import { httpHooks } from "../config/directives/httpHooks.ts"
import { httpServer } from "../config/directives/httpServer.ts"
import { ingest } from "../config/directives/ingest.ts"
import { streamCaster } from "../config/directives/streamCaster.ts"
import { transcode } from "../config/directives/transcode.ts"
import { compatibleVersion, name, version } from "../Product.ts"
import type { JsonObject } from "./Json.ts"

const [major = 0, minor = 0, revision = 0] = compatibleVersion.split(".").map(Number)

export const versionsData: JsonObject = { major, minor, revision, version: compatibleVersion }

/** At `/`, `/api/` and `/api/v1/`. */
export const rootUrls: JsonObject = {
  api: "the api root",
  rtc: { v1: { play: "Play stream", publish: "Publish stream", nack: "Simulate the NACK" } }
}

export const apiUrls: JsonObject = { v1: "the api version 1.0" }

export const v1Urls: JsonObject = {
  versions: "the version of SRS",
  summaries: "the summary(pid, argv, pwd, cpu, mem) of SRS",
  rusages: "the rusage of SRS",
  self_proc_stats: "the self process stats",
  system_proc_stats: "the system process stats",
  meminfos: "the meminfo of system",
  authors: "the license, copyright, authors and contributors",
  features: "the supported features of SRS",
  requests: "the request itself, for http debug",
  vhosts: "manage all vhosts or specified vhost",
  streams: "manage all streams or specified stream",
  clients: "manage all clients or specified client, default query top 10 clients",
  raw: "raw api for srs, support CUID srs for instance the config",
  clusters: "origin cluster server API",
  perf: "System performance stat",
  tcmalloc: "tcmalloc api with params ?page=summary|api",
  tests: {
    requests: "show the request info",
    errors: "always return an error 100",
    redirects: "always redirect to /api/v1/test/errors",
    "[vhost]": "http vhost for http://error.srs.com:1985/api/v1/tests/errors"
  }
}

export const projectUrl = "https://github.com/ossrs/srs"

export const authorsData: JsonObject = {
  license: "MIT",
  contributors: `${projectUrl}/blob/develop/trunk/AUTHORS.md#contributors`
}

/** The switches of SRS's build; here what this version can do. */
export const featuresData: JsonObject = {
  options: `${name} ${version}`,
  options2: "",
  build: version,
  build2: "",
  features: {
    ssl: true,
    hls: hls.active,
    hds: false,
    callback: httpHooks.active,
    api: true,
    httpd: httpServer.active,
    dvr: dvr.active,
    transcode: transcode.active,
    ingest: ingest.active,
    stat: true,
    caster: streamCaster.active,
    complex_send: true,
    tcp_nodelay: true,
    so_sendbuf: false,
    mr: true
  }
}
