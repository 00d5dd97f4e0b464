/**
 * A callback server that trusts only what is signed, does nothing twice, and lets nobody publish but those with a token.
 * Run it: `SECRET=s3cret TOKEN=sesame bun examples/callbacks.ts`, with this in a vhost of the server's configuration, and
 * publish to `rtmp://localhost/live/livestream?token=sesame`:
 *
 *     http_hooks {
 *       enabled on; secret s3cret;
 *       on_publish http://127.0.0.1:8085/; on_unpublish http://127.0.0.1:8085/;
 *       on_play http://127.0.0.1:8085/; on_stop http://127.0.0.1:8085/;
 *     }
 */
import { createServer } from "node:http"
import { isSignedHook } from "sluice/domain/hooks/request"

interface Callback {
  readonly action: string
  readonly stream_url: string
  readonly param: string
  readonly client_id: string
}

export interface Request {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
}

const accept = { status: 200, body: '{"code":0,"data":null}' }
const refuse = (status: number, reason: string) => ({ status, body: JSON.stringify({ code: status, reason }) })

/** Keys that are remembered: those of callbacks that may still be repeated. */
const maxKeys = 10_000

export class Callbacks {
  /** Client ids by stream. */
  readonly publishers = new Map<string, string>()
  readonly #secret: string
  readonly #token: string
  readonly #seen = new Set<string>()

  constructor(secret: string, token: string) {
    this.#secret = secret
    this.#token = token
  }

  answer({ body, headers }: Request, nowSeconds: number): { readonly status: number; readonly body: string } {
    const signed = {
      timestamp: String(headers["x-sluice-timestamp"] ?? ""),
      signature: String(headers["x-sluice-signature"] ?? "")
    }
    if (!isSignedHook(this.#secret, signed, body, nowSeconds)) return refuse(403, "not signed")
    const key = String(headers["idempotency-key"])
    if (this.#seen.has(key)) return accept
    const answer = this.#decide(JSON.parse(body) as Callback)
    if (answer.status === 200) this.#remember(key)
    return answer
  }

  #remember(key: string): void {
    const [oldest] = this.#seen
    if (this.#seen.size >= maxKeys && oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.add(key)
  }

  #decide({ action, client_id, param, stream_url }: Callback) {
    if (action === "on_publish") {
      if (new URLSearchParams(param).get("token") !== this.#token) return refuse(401, "wrong token")
      this.publishers.set(stream_url, client_id)
    }
    // The end of a publisher whose stream another one has meanwhile is none of the stream.
    if (action === "on_unpublish" && this.publishers.get(stream_url) === client_id) this.publishers.delete(stream_url)
    return accept
  }
}

if (import.meta.main) {
  const { SECRET = "", TOKEN = "" } = process.env
  if (SECRET === "" || TOKEN === "") throw new Error("SECRET and TOKEN are not set")
  const callbacks = new Callbacks(SECRET, TOKEN)
  createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString()
      const answer = callbacks.answer({ headers: request.headers, body }, Date.now() / 1000)
      console.log(answer.status, body)
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(answer.body)
    })
  }).listen(8085, () => console.log("http://127.0.0.1:8085/ waits for callbacks"))
}
