/** What callbacks say: SRS's JSON objects, their keys in SRS's order. */
import { streamKey, type StreamName } from "../media/StreamName.ts"

/** Callbacks whose answer decides. */
export type AskingEvent = "on_connect" | "on_publish" | "on_play"
/** Callbacks that only inform. */
export type TellingEvent = "on_close" | "on_unpublish" | "on_stop" | "on_hls" | "on_dvr"
export type HookEvent = AskingEvent | TellingEvent

/** A recording that is complete. */
export interface RecordingFacts {
  /** Directory of the process, in which relative paths begin. */
  readonly cwd: string
  /** Path as configured. */
  readonly file: string
}

/** An HLS segment that is written and listed. */
export interface SegmentFacts extends RecordingFacts {
  readonly durationMillis: number
  /** Relative to `hls_path`, or an http URL. */
  readonly url: string
  readonly m3u8: string
  readonly m3u8Url: string
  readonly sequence: number
}

export interface HookFacts {
  readonly serverId: string
  readonly serviceId: string
  readonly clientId: string
  readonly ip: string
  readonly stream: StreamName
  /** What `stream` has behind its name: `.m3u8` for viewers of HLS. */
  readonly extension?: string | undefined
  /** Of the statistics, which may not know the stream yet. */
  readonly streamId: string | undefined
  /** With its leading `?` where the protocol has one. */
  readonly param: string
  readonly tcUrl: string
  readonly pageUrl: string
  /** Bytes to and from the client. */
  readonly sendBytes: number
  readonly recvBytes: number
  /** Of `on_hls`. */
  readonly segment?: SegmentFacts | undefined
  /** Of `on_dvr`. */
  readonly recording?: RecordingFacts | undefined
}

const values = {
  stream: ({ extension = "", stream }) => stream.stream + extension,
  param: ({ param }) => param,
  tcUrl: ({ tcUrl }) => tcUrl,
  pageUrl: ({ pageUrl }) => pageUrl,
  stream_url: ({ stream }) => streamKey(stream),
  stream_id: ({ streamId }) => streamId,
  send_bytes: ({ sendBytes }) => sendBytes,
  recv_bytes: ({ recvBytes }) => recvBytes,
  duration: ({ segment }) => (segment === undefined ? undefined : segment.durationMillis / 1000),
  cwd: ({ recording, segment }) => (segment ?? recording)?.cwd,
  file: ({ recording, segment }) => (segment ?? recording)?.file,
  url: ({ segment }) => segment?.url,
  m3u8: ({ segment }) => segment?.m3u8,
  m3u8_url: ({ segment }) => segment?.m3u8Url,
  seq_no: ({ segment }) => segment?.sequence
} satisfies Record<string, (facts: HookFacts) => string | number | undefined>

type Key = keyof typeof values

const ofStream: ReadonlyArray<Key> = ["tcUrl", "stream", "param", "stream_url", "stream_id"]

/** The keys behind `server_id` … `app`, which all have. */
const keys: Readonly<Record<HookEvent, ReadonlyArray<Key>>> = {
  on_connect: ["stream", "param", "tcUrl", "pageUrl"],
  on_close: ["send_bytes", "recv_bytes"],
  on_publish: ofStream,
  on_unpublish: ofStream,
  on_play: ["stream", "tcUrl", "param", "pageUrl", "stream_url", "stream_id"],
  on_stop: ofStream,
  on_dvr: ["tcUrl", "stream", "param", "cwd", "file", "stream_url", "stream_id"],
  on_hls: [
    "tcUrl",
    "stream",
    "param",
    "duration",
    "cwd",
    "file",
    "url",
    "m3u8",
    "m3u8_url",
    "seq_no",
    "stream_url",
    "stream_id"
  ]
}

/** SRS prints seconds with two decimals, whatever they are. */
const json = (key: Key, value: string | number): string =>
  key === "duration" ? Number(value).toFixed(2) : JSON.stringify(value)

/** What is `undefined` is left out. */
export const hookBody = (event: HookEvent, facts: HookFacts): string => {
  const common = JSON.stringify({
    server_id: facts.serverId,
    service_id: facts.serviceId,
    action: event,
    client_id: facts.clientId,
    ip: facts.ip,
    vhost: facts.stream.vhost,
    app: facts.stream.app
  })
  const members = keys[event].flatMap((key) => {
    const value = values[key](facts)
    return value === undefined ? [] : `,${JSON.stringify(key)}:${json(key, value)}`
  })
  return `${common.slice(0, -1)}${members.join("")}}`
}
