import { expect, test } from "bun:test"
import { defaultVhost, streamKey, type StreamName } from "../../../src/domain/media/StreamName.ts"
import { type Counted, Ledger } from "../../../src/domain/stats/Ledger.ts"
import { randomOf } from "../config/random.ts"

const name = (stream: string, vhost = defaultVhost): StreamName => ({ vhost, app: "live", stream })

class Client implements Counted {
  readonly id: string
  type = ""
  role: Counted["role"] = ""
  stream: StreamName | undefined
  tcUrl = "rtmp://h/live"
  received = 0
  sent = 0
  readonly counters = { bytesIn: () => this.received, bytesOut: () => this.sent, framesDropped: 0 }
  constructor(id: string, stream?: StreamName, role: Counted["role"] = "play") {
    this.id = id
    this.stream = stream
    if (stream !== undefined) this.type = role === "publish" ? "fmle-publish" : "rtmp-play"
    if (stream !== undefined) this.role = role
  }
}

const ledgerOf = () => {
  const random = randomOf(1)
  return new Ledger<Client>(() => random(1_000_000) / 1_000_000)
}

test("bytes of a client are those of its stream and vhost too, each once", () => {
  const ledger = ledgerOf()
  const one = new Client("one", name("a"), "publish")
  const two = new Client("two", name("a"))
  for (const round of [1, 2, 3]) {
    one.received = round * 100
    two.sent = round * 70
    ledger.update(one)
    ledger.update(two)
  }
  const [stream] = [...ledger.streams]
  const [vhost] = [...ledger.vhosts.values()]
  for (const account of [stream, vhost, ledger]) {
    expect([account?.bytesIn, account?.bytesOut]).toEqual([300, 210])
  }
  expect(stream).toMatchObject({ clients: 2, publisher: "one", tcUrl: "rtmp://h/live", key: "/live/a" })
  expect(vhost).toMatchObject({ clients: 2, streams: 1, name: defaultVhost })
  expect(ledger.clientsTotal).toBe(2)
})

test("what a client moved before it said what it wants becomes its stream's then", () => {
  const ledger = ledgerOf()
  const client = new Client("one")
  client.received = 3073
  ledger.update(client)
  expect([ledger.bytesIn, ledger.streamCount, ledger.clientsTotal]).toEqual([3073, 0, 0])
  client.stream = name("a")
  client.type = "rtmp-play"
  client.received = 4000
  ledger.update(client)
  expect([...ledger.streams].map(({ bytesIn }) => bytesIn)).toEqual([4000])
  expect(ledger.clientsTotal).toBe(1)
})

test("a client that leaves between two looks is counted in full", () => {
  const ledger = ledgerOf()
  const client = new Client("one", name("a"))
  client.sent = 500
  ledger.ended(client)
  expect(ledger).toMatchObject({ bytesOut: 500, clientsTotal: 1, clientsEnded: 1, streamCount: 0 })
  expect([...ledger.vhosts.values()]).toMatchObject([{ bytesOut: 500, clients: 0, streams: 0 }])
  const visitor = new Client("two")
  visitor.sent = 20
  ledger.ended(visitor)
  expect(ledger).toMatchObject({ bytesOut: 520, clientsTotal: 1, clientsEnded: 1 })
  expect(ledger.clients.size).toBe(0)
})

test("a client that goes to another stream leaves the first one", () => {
  const ledger = ledgerOf()
  const client = new Client("one", name("a"), "publish")
  ledger.update(client)
  client.stream = name("b", "other")
  ledger.update(client)
  expect([...ledger.streams].map(({ key }) => key)).toEqual(["other/live/b"])
  expect([...ledger.vhosts.values()].map(({ clients, streams }) => [clients, streams])).toEqual([
    [0, 0],
    [1, 1]
  ])
  expect(ledger.clientsTotal).toBe(1)
})

test("the publisher's id stays after it has left, as long as somebody is there", () => {
  const ledger = ledgerOf()
  const publisher = new Client("one", name("a"), "publish")
  const player = new Client("two", name("a"))
  ledger.update(publisher)
  ledger.update(player)
  ledger.ended(publisher)
  expect([...ledger.streams]).toMatchObject([{ publisher: "one", clients: 1 }])
  ledger.ended(player)
  expect([...ledger.streams]).toEqual([])
})

test("whatever clients do, the sums and the counts agree", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomOf(seed)
    const ledger = ledgerOf()
    const here: Array<Client> = []
    const total = { in: 0, out: 0 }
    for (let step = 0; step < 200; step++) {
      const client = here[random(here.length || 1)]
      if (client === undefined || random(5) === 0) here.push(new Client(`${seed}-${step}`))
      else if (random(8) === 0) {
        here.splice(here.indexOf(client), 1)
        ledger.ended(client)
      } else {
        const [moved, sent] = [random(1000), random(1000)]
        client.received += moved
        client.sent += sent
        total.in += moved
        total.out += sent
        if (random(4) === 0) {
          client.stream = name(`s${random(3)}`, `v${random(2)}`)
          client.type = "rtmp-play"
        }
      }
      if (random(3) === 0) for (const each of here) ledger.update(each)
    }
    for (const each of here) ledger.update(each)
    expect([ledger.bytesIn, ledger.bytesOut]).toEqual([total.in, total.out])
    const placed = here.filter(({ stream }) => stream !== undefined)
    const keys = new Set(placed.map(({ stream }) => streamKey(stream!)))
    expect(new Set([...ledger.streams].map(({ key }) => key))).toEqual(keys)
    const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0)
    expect(sum([...ledger.streams].map(({ clients }) => clients))).toBe(placed.length)
    expect(sum([...ledger.vhosts.values()].map(({ clients }) => clients))).toBe(placed.length)
    expect(sum([...ledger.vhosts.values()].map(({ streams }) => streams))).toBe(keys.size)
    expect(ledger.clientsTotal - ledger.clientsEnded).toBe(placed.length)
  }
})
