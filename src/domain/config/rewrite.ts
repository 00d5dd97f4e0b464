/** Old syntax, back to SRS 1, becomes today's before anything is checked. */
import type { Directive, Directives } from "./Directive.ts"

/** Children of a block, to be changed one after the other. */
type Children = Array<Directive>

const named = (directive: Directive, name: string): Directive => ({ ...directive, name })

const withArgs = (directive: Directive, name: string, args: ReadonlyArray<string>): Directive => ({
  ...directive,
  name,
  args,
  argPlaces: args.map(() => directive.place)
})

/** Puts a directive into a block: in place of the first of its name there, else at the end. */
const put = (children: Children, directive: Directive): void => {
  const index = children.findIndex(({ name }) => name === directive.name)
  if (index < 0) children.push(directive)
  else children[index] = directive
}

/** The same inside the first block of that name, which is made where it is missing. */
const putInto = (children: Children, block: string, directive: Directive): void => {
  const index = children.findIndex(({ name }) => name === block)
  const target: Directive = index < 0 ? { ...withArgs(directive, block, []), block: [] } : children[index]
  const inner = [...(target.block ?? [])]
  put(inner, directive)
  const changed = { ...target, block: inner }
  if (index < 0) children.push(changed)
  else children[index] = changed
}

const changed = (directive: Directive, change: (children: Directives) => Directives): Directive =>
  directive.block === undefined ? directive : { ...directive, block: change(directive.block) }

const without =
  (names: ReadonlySet<string>) =>
  (children: Directives): Directives =>
    children.filter(({ name }) => !names.has(name))

const rtcServerDropped = new Set(["perf_stat", "queue_length"])
const httpRemuxDropped = new Set(["hstrs"])
const casterDropped = new Set([
  "tcp_enable",
  "rtp_port_min",
  "rtp_port_max",
  "wait_keyframe",
  "rtp_idle_timeout",
  "audio_enable",
  "auto_create_channel"
])
const sipDropped = new Set([
  "serial",
  "realm",
  "ack_timeout",
  "keepalive_timeout",
  "invite_port_fixed",
  "query_catalog_interval",
  "auto_play"
])

const rewriteCaster = (children: Directives): Directives => {
  const result: Children = []
  const hosts: Children = []
  for (const child of without(casterDropped)(children)) {
    if (child.name === "host") hosts.push(child)
    else result.push(child.name === "sip" ? changed(child, without(sipDropped)) : child)
  }
  for (const host of hosts) putInto(result, "sip", named(host, "candidate"))
  return result
}

/** Old switches that name one of two behaviours. */
const renamedInRtc: ReadonlyMap<string, { readonly name: string; readonly on: string }> = new Map([
  ["aac", { name: "rtmp_to_rtc", on: "transcode" }],
  ["bframe", { name: "keep_bframe", on: "keep" }]
])

const rewriteRtc = (children: Directives): Directives => {
  const result: Children = []
  for (const child of children) {
    const today = renamedInRtc.get(child.name)
    if (today === undefined) result.push(child)
    else put(result, withArgs(child, today.name, [child.args[0] === today.on ? "on" : "off"]))
  }
  return result
}

const movedToPlay = [
  "time_jitter",
  "mix_correct",
  "atc",
  "atc_auto",
  "mw_latency",
  "gop_cache",
  "gop_cache_max_frames",
  "queue_length",
  "send_min_interval",
  "reduce_sequence_header"
]
const movedToCluster = ["mode", "origin", "token_traverse", "vhost", "debug_srs_upnode"]

/** Where a directive is now: the block, and the name there. */
type Target = readonly [block: string, name: string]

/** Directives of a vhost that are now inside a block. */
const moved: ReadonlyMap<string, Target> = new Map<string, Target>([
  ["refer_play", ["refer", "play"]],
  ["refer_publish", ["refer", "publish"]],
  ["publish_1stpkt_timeout", ["publish", "firstpkt_timeout"]],
  ["publish_normal_timeout", ["publish", "normal_timeout"]],
  ...movedToPlay.map((name): [string, Target] => [name, ["play", name]]),
  ...movedToCluster.map((name): [string, Target] => [name, ["cluster", name]])
])

/** Blocks of a vhost whose directives are now inside another one. */
const dissolvedBlocks = new Set(["mr", "nack", "twcc"])
const dissolved: ReadonlyMap<string, Target> = new Map<string, Target>([
  ["mr.enabled", ["publish", "mr"]],
  ["mr.latency", ["publish", "mr_latency"]],
  ["nack.enabled", ["rtc", "nack"]],
  ["nack.no_copy", ["rtc", "nack_no_copy"]],
  ["twcc.enabled", ["rtc", "twcc"]]
])

/** Directives of a vhost that once took the arguments of the block they are now: the name of these there. */
const wrapped: ReadonlyMap<string, string> = new Map([
  ["refer", "all"],
  ["forward", "destination"]
])

/** Blocks that have a switch now, which their old directives stood for. */
const enabledByUse = new Set(["refer", "forward"])

type Relocated = readonly [block: string, directive: Directive]

const relocate = (directive: Directive, [block, name]: Target): ReadonlyArray<Relocated> => {
  const target: Relocated = [block, named(directive, name)]
  return enabledByUse.has(block) ? [[block, withArgs(directive, "enabled", ["on"])], target] : [target]
}

/** What becomes of a directive of a vhost that is inside a block now; `undefined` for all others. */
const relocated = (directive: Directive): ReadonlyArray<Relocated> | undefined => {
  const { block, name } = directive
  if (block !== undefined) {
    if (!dissolvedBlocks.has(name)) return undefined
    return block.flatMap((part) => {
      const target = dissolved.get(`${name}.${part.name}`)
      return target === undefined ? [] : relocate(part, target)
    })
  }
  const inner = wrapped.get(name)
  const target: Target | undefined = inner === undefined ? moved.get(name) : [name, inner]
  return target === undefined ? undefined : relocate(directive, target)
}

const rewriteVhost = (children: Directives): Directives => {
  const result: Children = []
  const relocations: Array<Relocated> = []
  for (const child of children) {
    const targets = relocated(child)
    if (targets === undefined) result.push(rewriteVhostBlock(child))
    else relocations.push(...targets)
  }
  for (const [block, directive] of relocations) putInto(result, block, directive)
  return result
}

const rewriteVhostBlock = (directive: Directive): Directive => {
  switch (directive.name) {
    case "http":
      return named(directive, "http_static")
    case "http_remux":
      return changed(directive, without(httpRemuxDropped))
    case "rtc":
      return changed(directive, rewriteRtc)
    default:
      return directive
  }
}

export const rewrite = (tree: Directives): Directives =>
  tree.map((directive) => {
    switch (directive.name) {
      case "http_stream":
        return named(directive, "http_server")
      case "rtc_server":
        return changed(directive, without(rtcServerDropped))
      case "srt_server":
        return changed(directive, (children) =>
          children.map((child) => (child.name === "tlpkdrop" ? named(child, "tlpktdrop") : child))
        )
      case "stream_caster":
        return changed(directive, rewriteCaster)
      case "vhost":
        return changed(directive, rewriteVhost)
      default:
        return directive
    }
  })
