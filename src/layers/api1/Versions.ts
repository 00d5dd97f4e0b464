/** `/api/v1/versions` and the indexes above it, as SRS answers them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { compatibleVersion } from "../../domain/Product.ts"
import { HttpGateway, type PlainRoute } from "../../services/HttpGateway.ts"
import { ServerIdentity } from "../../services/ServerIdentity.ts"
import { type Json, jsonAnswer } from "./answers.ts"

const [major, minor, revision] = compatibleVersion.split(".").map(Number)

/** Path, which listeners have it, and what follows the common fields. */
const rows: ReadonlyArray<readonly [path: string, listener: PlainRoute["listener"], fields: Json]> = [
  ["/api/v1/versions", "any", { data: { major, minor, revision, version: compatibleVersion } }],
  [
    "/",
    "api alone",
    {
      urls: {
        api: "the api root",
        rtc: { v1: { play: "Play stream", publish: "Publish stream", nack: "Simulate the NACK" } }
      }
    }
  ],
  ["/api/", "api alone", { urls: { v1: "the api version 1.0" } }],
  [
    "/api/v1/",
    "api alone",
    {
      urls: {
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
    }
  ]
]

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const gateway = yield* HttpGateway
    const identity = yield* ServerIdentity
    for (const [path, listener, fields] of rows) {
      yield* gateway.plain({ path, listener, answer: ({ head }) => jsonAnswer(identity, head, fields) })
    }
  })
)
