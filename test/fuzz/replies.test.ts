/** What other servers and operators say: replies to callbacks, bodies of API calls, recordings, playlists of before. */
import * as Result from "effect/Result"
import { readForwardOrder } from "../../src/domain/api/forwardAnswers.ts"
import { maxDestinations, readForwardUrls } from "../../src/domain/forward/backend.ts"
import { checkedDestination, destinationUrl } from "../../src/domain/forward/destination.ts"
import { readPlaylist } from "../../src/domain/hls/Playlist.ts"
import { readRoster } from "../../src/domain/hls/roster.ts"
import { parseHookUrl } from "../../src/domain/hooks/HookUrl.ts"
import { maxReplyBodyBytes, ReplyReader } from "../../src/domain/hooks/ReplyReader.ts"
import { rejectionOf } from "../../src/domain/hooks/verdict.ts"
import { encodeEntry, magic, RecordingReader } from "../../src/domain/record/Recording.ts"
import { handshakes } from "./captured.ts"
import { fuzz } from "./fuzz.ts"
import { bytesOf, textOf } from "./seeds.ts"

/** As Python's, Go's, nginx' and Express' servers answer. */
const replies = [
  "HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6 Python/3.11.2\r\nDate: Fri, 27 Nov 2026 03:00:00 GMT\r\n\r\n0",
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"code":0,"data":null}',
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\n\r\n",
  "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
  '{"code":0,"data":{"urls":["rtmp://127.0.0.1:19350/live/a","rtmp://b/live?vhost=c/d"]}}'
]

fuzz({
  name: "replies to callbacks",
  seeds: bytesOf(replies),
  run: (input) => {
    const reader = new ReplyReader()
    const half = input.length >> 1
    for (const part of [input.subarray(0, half), input.subarray(half)]) if (Result.isFailure(reader.push(part))) return
    const reply = reader.end()
    if (Result.isSuccess(reply) && reply.success.body.length > maxReplyBodyBytes)
      throw new Error("a body above its limit")
    if (Result.isSuccess(reply)) rejectionOf(reply.success)
  }
})

const name = { vhost: "__defaultVhost__", app: "live", stream: "a" }

fuzz({
  name: "bodies of answers and orders",
  seeds: bytesOf([
    ...replies.slice(4),
    '{"app":"live","stream":"cam","url":"rtmp://1.2.3.4/live/cam"}',
    '[{"vhost":"a","app":"b","stream":"c"}]',
    "rtmp://[app].example.com:1936/[vhost]/[stream]?token=1"
  ]),
  run: (input) => {
    const body = textOf(input)
    const urls = readForwardUrls({ status: 200, body })
    if (Result.isSuccess(urls) && urls.success.length > maxDestinations) throw new Error("too many destinations")
    readForwardOrder(body)
    readRoster(body)
    checkedDestination(body, name)
    destinationUrl(body, { stream: name, param: "?a=b", host: "h" })
    parseHookUrl(body)
  }
})

const entry = (bytes: Uint8Array, connection: number, timeMillis: number): Uint8Array =>
  encodeEntry({ bytes, connection, timeMillis })
const recordings = handshakes.map((bytes) =>
  Buffer.concat([magic, entry(bytes.subarray(0, 100), 1, 0), entry(new Uint8Array(0), 1, 20), entry(magic, 2, 40)])
)

fuzz({
  name: "recordings",
  seeds: recordings,
  run: (input) => {
    const reader = new RecordingReader()
    let bytes = 0
    for (let at = 0; at < input.length; at += 50) {
      const entries = reader.push(input.subarray(at, at + 50))
      if (Result.isFailure(entries)) return
      for (const each of entries.success) bytes += each.bytes.length
    }
    if (bytes > input.length) throw new Error(`${bytes} bytes recorded in ${input.length}`)
  }
})

const playlist = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA-SEQUENCE:12
#EXT-X-TARGETDURATION:3
#EXT-X-MAP:URI="a-init.mp4"
#EXT-X-KEY:METHOD=AES-128,URI="a-12.key",IV=0x0123456789abcdef0123456789abcdef
#EXTINF:2.000, no desc
a-12.m4s
#EXT-X-DISCONTINUITY
#EXTINF:1.96,
a-13.m4s
`

fuzz({ name: "playlists", seeds: bytesOf([playlist]), run: (input) => void readPlaylist(textOf(input)) })
