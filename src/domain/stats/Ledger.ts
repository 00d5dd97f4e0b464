/**
 * Who has moved how many bytes: clients, and the streams and vhosts that their bytes are added to. Nothing is counted
 * per packet: the clients' own counters are read now and then, and once more when a client has left.
 */
import { type StreamName, streamKey } from "../media/StreamName.ts"
import { makeServerId } from "../process/serverId.ts"
import { Rates, type Traffic } from "./Rate.ts"

/** A client as the ledger sees it. It counts for a stream from the moment on that its type is known. */
export interface Counted {
  readonly id: string
  readonly type: string
  readonly stream: StreamName | undefined
  readonly role: "" | "publish" | "play"
  readonly tcUrl: string
  readonly counters: {
    readonly bytesIn: () => number
    readonly bytesOut: () => number
    readonly framesDropped: number
  }
}

/** Vhosts stay once they were used. */
export class VhostAccount implements Traffic {
  readonly id: string
  readonly name: string
  readonly rates = new Rates()
  bytesIn = 0
  bytesOut = 0
  clients = 0
  streams = 0

  constructor(id: string, name: string) {
    this.id = id
    this.name = name
  }
}

/** Here from its first client to its last one, be it publisher or player. */
export class StreamAccount implements Traffic {
  readonly id: string
  readonly key: string
  readonly name: StreamName
  readonly vhost: VhostAccount
  /** Of the first client. */
  readonly tcUrl: string
  readonly rates = new Rates()
  bytesIn = 0
  bytesOut = 0
  clients = 0
  /** Session of the last publisher, also after it has left; empty if there was none. */
  publisher = ""

  constructor(id: string, name: StreamName, vhost: VhostAccount, tcUrl: string) {
    this.id = id
    this.key = streamKey(name)
    this.name = name
    this.vhost = vhost
    this.tcUrl = tcUrl
  }
}

const addTo = (stream: StreamAccount, bytesIn: number, bytesOut: number): void => {
  stream.bytesIn += bytesIn
  stream.bytesOut += bytesOut
  stream.vhost.bytesIn += bytesIn
  stream.vhost.bytesOut += bytesOut
}

export class ClientAccount<C extends Counted = Counted> implements Traffic {
  readonly client: C
  readonly rates = new Rates()
  bytesIn = 0
  bytesOut = 0
  framesDropped = 0
  stream: StreamAccount | undefined

  constructor(client: C) {
    this.client = client
  }
}

export class Ledger<C extends Counted> implements Traffic {
  readonly clients: Map<string, ClientAccount<C>> = new Map()
  readonly vhosts: Map<string, VhostAccount> = new Map()
  readonly rates = new Rates()
  bytesIn = 0
  bytesOut = 0
  /** Frames that slow viewers lost. */
  framesDropped = 0
  /** Clients that came to publish or play. */
  clientsTotal = 0
  /** Those of them that have left, which for SRS is an error whoever ends it. */
  clientsEnded = 0
  readonly #streamsByKey: Map<string, StreamAccount> = new Map()
  readonly #random: () => number

  /** `random` returns numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random
  }

  get streams(): Iterable<StreamAccount> {
    return this.#streamsByKey.values()
  }

  get streamCount(): number {
    return this.#streamsByKey.size
  }

  /** Reads the counters of a client that is there. */
  update(client: C): void {
    let account = this.clients.get(client.id)
    if (account === undefined) {
      account = new ClientAccount(client)
      this.clients.set(client.id, account)
    }
    if (client.stream !== undefined && client.type !== "") this.#place(account, client.stream)
    const bytesIn = client.counters.bytesIn()
    const bytesOut = client.counters.bytesOut()
    this.#add(account, bytesIn - account.bytesIn, bytesOut - account.bytesOut)
    account.bytesIn = bytesIn
    account.bytesOut = bytesOut
    const { framesDropped } = client.counters
    this.framesDropped += framesDropped - account.framesDropped
    account.framesDropped = framesDropped
  }

  /** A client has left: its last bytes are counted. */
  ended(client: C): void {
    this.update(client)
    const account = this.clients.get(client.id)
    this.clients.delete(client.id)
    if (account?.stream === undefined) return
    this.clientsEnded++
    this.#leave(account.stream)
  }

  /** Lets the rates go on. After `update` of everyone. */
  sample(nowMillis: number): void {
    this.rates.sample(this, nowMillis)
    for (const account of this.clients.values()) account.rates.sample(account, nowMillis)
    for (const account of this.#streamsByKey.values()) account.rates.sample(account, nowMillis)
    for (const account of this.vhosts.values()) account.rates.sample(account, nowMillis)
  }

  #add(account: ClientAccount, bytesIn: number, bytesOut: number): void {
    this.bytesIn += bytesIn
    this.bytesOut += bytesOut
    if (account.stream !== undefined) addTo(account.stream, bytesIn, bytesOut)
  }

  /** What the client wants now; it may have left another stream for this one. */
  #place(account: ClientAccount, name: StreamName): void {
    const { role, id, tcUrl } = account.client
    const known = account.stream
    if (known === undefined || known.name !== name) {
      const stream = this.#streamOf(name, tcUrl)
      if (stream !== known) {
        if (known === undefined) {
          this.clientsTotal++
          addTo(stream, account.bytesIn, account.bytesOut)
        } else this.#leave(known)
        stream.clients++
        stream.vhost.clients++
        account.stream = stream
      }
    }
    if (role === "publish" && account.stream !== undefined) account.stream.publisher = id
  }

  #streamOf(name: StreamName, tcUrl: string): StreamAccount {
    const key = streamKey(name)
    const known = this.#streamsByKey.get(key)
    if (known !== undefined) return known
    const stream = new StreamAccount(makeServerId(this.#random), name, this.#vhostOf(name.vhost), tcUrl)
    stream.vhost.streams++
    this.#streamsByKey.set(key, stream)
    return stream
  }

  #vhostOf(name: string): VhostAccount {
    const known = this.vhosts.get(name)
    if (known !== undefined) return known
    const vhost = new VhostAccount(makeServerId(this.#random), name)
    this.vhosts.set(name, vhost)
    return vhost
  }

  #leave(stream: StreamAccount): void {
    stream.clients--
    stream.vhost.clients--
    if (stream.clients > 0) return
    this.#streamsByKey.delete(stream.key)
    stream.vhost.streams--
  }
}
