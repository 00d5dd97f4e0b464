/** Vhosts, streams and clients as SRS's API v1 shows them (`/api/v1/vhosts/`, `/streams/`, `/clients/`). */
import type { GroupOfPictures } from "../media/SourceLog.ts"
import type { StreamName } from "../media/StreamName.ts"
import type { AudioFacts, VideoFacts } from "../stats/codecFacts.ts"
import type { ClientAccount, Counted, StreamAccount, VhostAccount } from "../stats/Ledger.ts"
import type { Rates } from "../stats/Rate.ts"
import { float, type JsonObject } from "./Json.ts"

const kbps = ({ seconds30 }: Rates): JsonObject => ({
  recv_30s: seconds30.recvKbps,
  send_30s: seconds30.sendKbps
})

/** With `details=on`, behind SRS's own: the windows that SRS keeps and does not show. */
const rateDetails = ({ minutes5, seconds10 }: Rates): JsonObject => ({
  recv_10s: seconds10.recvKbps,
  send_10s: seconds10.sendKbps,
  recv_5m: minutes5.recvKbps,
  send_5m: minutes5.sendKbps
})

export const vhostDetails = ({ rates }: VhostAccount): JsonObject => ({ kbps: rateDetails(rates) })

/** Of the whole server, of which SRS shows no rates. */
export const serverDetails = (rates: Rates): JsonObject => ({ kbps: { ...kbps(rates), ...rateDetails(rates) } })

/** What the configuration says of a vhost now. */
export interface VhostConfigured {
  readonly enabled: boolean
  /** Milliseconds; undefined without HLS. */
  readonly hlsFragmentMillis: number | undefined
}

export const vhostJson = (account: VhostAccount, { enabled, hlsFragmentMillis }: VhostConfigured): JsonObject => ({
  id: account.id,
  name: account.name,
  enabled,
  clients: account.clients,
  streams: account.streams,
  send_bytes: account.bytesOut,
  recv_bytes: account.bytesIn,
  kbps: kbps(account.rates),
  hls:
    hlsFragmentMillis === undefined ? { enabled: false } : { enabled: true, fragment: float(hlsFragmentMillis / 1000) }
})

const videoJson = ({ codec, height, level, profile, width }: VideoFacts): JsonObject => ({
  codec,
  profile,
  level,
  width,
  height
})

const audioJson = ({ channels, codec, profile, sampleRate }: AudioFacts): JsonObject => ({
  codec,
  sample_rate: sampleRate,
  channel: channels,
  profile
})

export interface StreamNow {
  readonly nowMillis: number
  readonly active: boolean
  readonly frames: number
  readonly framesPerSecond: number
  readonly gop: GroupOfPictures
  readonly video: VideoFacts | undefined
  readonly audio: AudioFacts | undefined
}

export const streamDetails = ({ rates }: StreamAccount, { framesPerSecond, gop }: StreamNow): JsonObject => ({
  kbps: rateDetails(rates),
  fps: float(framesPerSecond),
  gop_ms: gop.millis,
  gop_frames: gop.frames
})

export const streamJson = (account: StreamAccount, now: StreamNow): JsonObject => ({
  id: account.id,
  name: account.name.stream,
  vhost: account.vhost.id,
  app: account.name.app,
  tcUrl: account.tcUrl,
  url: account.key,
  live_ms: now.nowMillis,
  clients: account.clients,
  frames: now.frames,
  send_bytes: account.bytesOut,
  recv_bytes: account.bytesIn,
  kbps: kbps(account.rates),
  publish: { active: now.active, ...(account.publisher === "" ? {} : { cid: account.publisher }) },
  video: now.video === undefined ? null : videoJson(now.video),
  audio: now.audio === undefined ? null : audioJson(now.audio)
})

/** A client beyond what the ledger needs of it. */
export interface ShownClient extends Counted {
  readonly address: string
  /** Epoch milliseconds. */
  readonly openedAt: number
  readonly pageUrl: string
  readonly swfUrl: string
  readonly stream: StreamName | undefined
  readonly protocol: string
  readonly player?: { readonly last: string; readonly count: number; readonly starvations: number }
  readonly counters: Counted["counters"] & {
    readonly framesIn: number
    readonly framesOut: number
    readonly jumps: number
    readonly viewer: { readonly behindMillis: number } | undefined
  }
}

/** `cmcd`: the player's newest report, by its keys. */
export const clientDetails = ({ client, rates }: ClientAccount<ShownClient>, cmcd: JsonObject): JsonObject => ({
  kbps: rateDetails(rates),
  protocol: client.protocol,
  recv_frames: client.counters.framesIn,
  send_frames: client.counters.framesOut,
  drops: client.counters.jumps,
  dropped_frames: client.counters.framesDropped,
  queue_ms: client.counters.viewer?.behindMillis ?? 0,
  ...(client.player === undefined || client.player.count === 0
    ? {}
    : { cmcd: { ...cmcd, reports: client.player.count, starvations: client.player.starvations } })
})

/** Of a client that is placed in a stream. */
export const clientJson = (
  { bytesIn, bytesOut, client, rates, stream }: ClientAccount<ShownClient>,
  nowMillis: number
): JsonObject => ({
  id: client.id,
  vhost: stream?.vhost.id ?? "",
  stream: stream?.id ?? "",
  ip: client.address,
  pageUrl: client.pageUrl,
  swfUrl: client.swfUrl,
  tcUrl: client.tcUrl,
  url: stream?.key ?? "",
  name: stream?.name.stream ?? "",
  type: client.type,
  publish: client.type.endsWith("-publish"),
  alive: float((nowMillis - client.openedAt) / 1000),
  send_bytes: bytesOut,
  recv_bytes: bytesIn,
  kbps: kbps(rates)
})
