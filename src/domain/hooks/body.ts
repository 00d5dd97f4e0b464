/** What callbacks say: SRS's JSON objects, their keys in SRS's order. */
import { streamKey, type StreamName } from "../media/StreamName.ts"

/** Callbacks whose answer decides. */
export type AskingEvent = "on_connect" | "on_publish" | "on_play"
/** Callbacks that only inform. */
export type TellingEvent = "on_close" | "on_unpublish" | "on_stop"
export type HookEvent = AskingEvent | TellingEvent

export interface HookFacts {
  readonly serverId: string
  readonly serviceId: string
  readonly clientId: string
  readonly ip: string
  readonly stream: StreamName
  /** Of the statistics, which may not know the stream yet. */
  readonly streamId: string | undefined
  /** With its leading `?` where the protocol has one. */
  readonly param: string
  readonly tcUrl: string
  readonly pageUrl: string
  /** Bytes to and from the client. */
  readonly sendBytes: number
  readonly recvBytes: number
}

type Key = "stream" | "param" | "tcUrl" | "pageUrl" | "stream_url" | "stream_id" | "send_bytes" | "recv_bytes"

const ofStream: ReadonlyArray<Key> = ["tcUrl", "stream", "param", "stream_url", "stream_id"]

/** The keys behind `server_id` … `app`, which all have. */
const keys: Readonly<Record<HookEvent, ReadonlyArray<Key>>> = {
  on_connect: ["stream", "param", "tcUrl", "pageUrl"],
  on_close: ["send_bytes", "recv_bytes"],
  on_publish: ofStream,
  on_unpublish: ofStream,
  on_play: ["stream", "tcUrl", "param", "pageUrl", "stream_url", "stream_id"],
  on_stop: ofStream
}

const values: Readonly<Record<Key, (facts: HookFacts) => string | number | undefined>> = {
  stream: ({ stream }) => stream.stream,
  param: ({ param }) => param,
  tcUrl: ({ tcUrl }) => tcUrl,
  pageUrl: ({ pageUrl }) => pageUrl,
  stream_url: ({ stream }) => streamKey(stream),
  stream_id: ({ streamId }) => streamId,
  send_bytes: ({ sendBytes }) => sendBytes,
  recv_bytes: ({ recvBytes }) => recvBytes
}

/** What is `undefined` is left out. */
export const hookBody = (event: HookEvent, facts: HookFacts): string =>
  JSON.stringify({
    server_id: facts.serverId,
    service_id: facts.serviceId,
    action: event,
    client_id: facts.clientId,
    ip: facts.ip,
    vhost: facts.stream.vhost,
    app: facts.stream.app,
    ...Object.fromEntries(keys[event].map((key) => [key, values[key](facts)]))
  })
