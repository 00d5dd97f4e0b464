/** Who may publish and play, by address: `vhost.security`, decided as SRS does. */
import { srsErrors } from "../errors/SrsError.ts"
import { isInNetwork, type Network, parseAddress, parseNetwork } from "./NetworkAddress.ts"

export type Action = "publish" | "play"

interface Rule {
  readonly action: Action
  /** `undefined` for all. */
  readonly network: Network | undefined
}

export interface AddressRules {
  readonly allow: ReadonlyArray<Rule>
  readonly deny: ReadonlyArray<Rule>
  /** Rules that are none, as written. Where there is one, whom no rule allows is refused. */
  readonly misfits: ReadonlyArray<string>
}

/** Why somebody is refused. */
export interface Denial {
  readonly reason: string
  /** SRS's error number. */
  readonly code: number
}

const readRule = (args: ReadonlyArray<string>): Rule | undefined => {
  const [action, who, ...more] = args
  if ((action !== "publish" && action !== "play") || who === undefined || more.length > 0) return undefined
  if (who === "all") return { action, network: undefined }
  const network = parseNetwork(who)
  return network === undefined ? undefined : { action, network }
}

type Written = ReadonlyArray<ReadonlyArray<string>>

export const compileRules = (written: { readonly allow: Written; readonly deny: Written }): AddressRules => {
  const misfits: Array<string> = []
  const read = (kind: "allow" | "deny") =>
    written[kind].flatMap((args) => {
      const rule = readRule(args)
      if (rule === undefined) misfits.push([kind, ...args].join(" "))
      return rule ?? []
    })
  return { allow: read("allow"), deny: read("deny"), misfits }
}

const matches = (rules: ReadonlyArray<Rule>, action: Action, address: Uint8Array | undefined): boolean =>
  rules.some(
    (rule) =>
      rule.action === action &&
      (rule.network === undefined || (address !== undefined && isInNetwork(address, rule.network)))
  )

/**
 * `undefined` allows. Whatever the order in the file: a `deny` that matches refuses, then an `allow` that matches allows;
 * where none matches, one `allow` of any action, or no rule at all, refuses.
 */
export const denialOf = (rules: AddressRules, action: Action, address: string): Denial | undefined => {
  const bytes = parseAddress(address)
  if (matches(rules.deny, action, bytes)) {
    return { reason: `a rule denies ${action} to ${address}`, code: srsErrors.SecurityDeny }
  }
  if (matches(rules.allow, action, bytes)) return undefined
  const hasOnlyDenials = rules.allow.length === 0 && rules.deny.length > 0
  if (hasOnlyDenials && rules.misfits.length === 0) return undefined
  return { reason: `no rule allows ${action} to ${address}`, code: srsErrors.SecurityAllow }
}
