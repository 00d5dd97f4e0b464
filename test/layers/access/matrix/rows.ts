/** The rules, each with the outcome for publishers and players. */
import { signStream } from "../../../../src/domain/access/signedUrl.ts"

export interface Row {
  readonly name: string
  /** Of the vhost. */
  readonly directives: string
  /** Where clients come from; those of this process come from 127.0.0.1. */
  readonly address?: string
  /** Queries of publisher and player. */
  readonly queries?: readonly [publish: string, play: string]
  readonly publishes: boolean
  readonly plays: boolean
}

export const client = "203.0.113.77"
const client6 = "[2001:db8:1::77]"

const names = { vhost: "__defaultVhost__", app: "live" }
/** Publishers publish `live/p`, players play `live/a`. */
const signature = (action: "publish" | "play", expires = 10_000_000_000) =>
  signStream("s3cret", action, { ...names, stream: action === "publish" ? "p" : "a" }, expires)
export const signedPlay = signature("play")
const both = (query: string): readonly [string, string] => [query, query]
const hooks = (event: string, path: string) => `http_hooks { enabled on; ${event} http://h:8085/${path}; }`
const signed = "auth { enabled on; publish signature; play signature; secret s3cret; }"
/** "secret" with a cost of 16, by Python's hashlib. */
const hash = "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gEeb/KeWbm5g+kBQOFr1yJbkjBxxxDOkhSmrSXFFwOg"
const keyed = `auth { enabled on; publish key; play key; key live/a ${hash}; key live/p ${hash}; max_failures 0; }`
const users = `auth { enabled on; publish password; play password; user joe ${hash}; max_failures 0; }`
/** The MD5 of "key" and the stream's name, by md5sum. */
const lalSecrets = ["cbadd627db29ede0d9288156e0cc5f10", "74378b19b736af202de0a80ec489697e"] as const
const lal = "auth { enabled on; publish lal; play lal; lal_secret key; max_failures 0; }"
/** Of the network of the clients, and of this process. */
const here = (rule: string) => `security { enabled on; ${rule} 203.0.113.0/24; ${rule} 127.0.0.1; }`
const here6 = (rule: string) => `security { enabled on; ${rule} 2001:db8::/32; ${rule} 127.0.0.1; }`

export const rows: ReadonlyArray<Row> = [
  { name: "nothing is configured", directives: "", publishes: true, plays: true },
  { name: "players are denied", directives: "security { enabled on; deny play all; }", publishes: true, plays: false },
  {
    name: "publishers are denied",
    directives: "security { enabled on; deny publish all; }",
    publishes: false,
    plays: true
  },
  { name: "players of their network are denied", directives: here("deny play"), publishes: true, plays: false },
  { name: "publishers of their network are denied", directives: here("deny publish"), publishes: false, plays: true },
  {
    name: "a part of their network is denied that they are not in",
    directives: "security { enabled on; deny play 203.0.113.64/29; deny publish 203.0.113.64/29; }",
    publishes: true,
    plays: true
  },
  {
    name: "players of their IPv6 network are denied",
    directives: here6("deny play"),
    address: client6,
    publishes: true,
    plays: false
  },
  {
    name: "publishers of their IPv6 network are denied",
    directives: here6("deny publish"),
    address: client6,
    publishes: false,
    plays: true
  },
  {
    name: "another IPv6 network is denied",
    directives: "security { enabled on; deny play 2001:db9::/32; deny publish 2001:db9::/32; }",
    address: client6,
    publishes: true,
    plays: true
  },
  { name: "their network alone may play", directives: here("allow play"), publishes: false, plays: true },
  {
    name: "their IPv6 network alone may publish",
    directives: here6("allow publish"),
    address: client6,
    publishes: true,
    plays: false
  },
  {
    name: "another network alone is allowed",
    directives: "security { enabled on; allow publish 10.0.0.0/8; allow play 10.0.0.0/8; }",
    publishes: false,
    plays: false
  },
  {
    name: "a denial stands behind what allows",
    directives: "security { enabled on; allow play all; allow publish all; deny play all; deny publish all; }",
    publishes: false,
    plays: false
  },
  {
    name: "no page is named, and some alone are allowed",
    directives: "refer { enabled on; http on; all a.com; }",
    publishes: false,
    plays: false
  },
  {
    name: "no page is named, and some alone may play",
    directives: "refer { enabled on; http on; play a.com; }",
    publishes: true,
    plays: false
  },
  { name: "signatures are wanted and missing", directives: signed, publishes: false, plays: false },
  {
    name: "signatures are there",
    directives: signed,
    queries: [signature("publish"), signature("play")],
    publishes: true,
    plays: true
  },
  {
    name: "signatures are for the other action",
    directives: signed,
    queries: [signature("play"), signature("publish")],
    publishes: false,
    plays: false
  },
  {
    name: "signatures are too old",
    directives: signed,
    queries: [signature("publish", 0), signature("play", 0)],
    publishes: false,
    plays: false
  },
  { name: "stream keys are right", directives: keyed, queries: both("?key=secret"), publishes: true, plays: true },
  { name: "stream keys are wrong", directives: keyed, queries: both("?key=Secret"), publishes: false, plays: false },
  { name: "stream keys are missing", directives: keyed, publishes: false, plays: false },
  {
    name: "passwords are right",
    directives: users,
    queries: both("?user=joe&password=secret"),
    publishes: true,
    plays: true
  },
  {
    name: "passwords are wrong",
    directives: users,
    queries: both("?user=joe&password=Secret"),
    publishes: false,
    plays: false
  },
  {
    name: "users are not known",
    directives: users,
    queries: both("?user=eve&password=secret"),
    publishes: false,
    plays: false
  },
  {
    name: "lal's secrets are right",
    directives: lal,
    queries: [`?lal_secret=${lalSecrets[0]}`, `?lal_secret=${lalSecrets[1]}`],
    publishes: true,
    plays: true
  },
  {
    name: "lal's secrets are of the other stream",
    directives: lal,
    queries: [`?lal_secret=${lalSecrets[1]}`, `?lal_secret=${lalSecrets[0]}`],
    publishes: false,
    plays: false
  },
  { name: "a callback accepts publishers", directives: hooks("on_publish", "yes"), publishes: true, plays: true },
  { name: "a callback refuses publishers", directives: hooks("on_publish", "no"), publishes: false, plays: true },
  { name: "a callback accepts players", directives: hooks("on_play", "yes"), publishes: true, plays: true },
  { name: "a callback refuses players", directives: hooks("on_play", "no"), publishes: true, plays: false },
  {
    name: "no callback server is there",
    directives: hooks("on_play", "").replace("8085", "1"),
    publishes: true,
    plays: false
  }
]
