/** Constructors for the entries of a table. */
import { type Network, parseNetwork } from "../access/NetworkAddress.ts"
import type { Field, Fields, Group, Groups, Lookup, Options, Reload, Repeated, Retired, Table } from "./Entry.ts"
import {
  decimalOf,
  type Endpoint,
  endpointOf,
  integerOf,
  isDecimal,
  isEndpoint,
  isInteger,
  type Origin
} from "./values.ts"

interface EntryOptions {
  readonly doc: string
  readonly active?: boolean
  readonly reason?: string
}

interface FieldOptions<D> extends EntryOptions {
  readonly default: D
  readonly reload: Reload
  /** Environment variables where the rule does not give them; `[]` for none. */
  readonly env?: ReadonlyArray<string>
  readonly defaultFrom?: (lookup: Lookup) => string
  readonly strict?: boolean
}

interface Kind<A> {
  readonly type: string
  readonly read: (args: ReadonlyArray<string>, origin: Origin) => A
  readonly misfit: (args: ReadonlyArray<string>) => string | undefined
  readonly list?: boolean
}

const described = (name: string, options: EntryOptions) => ({
  name,
  doc: options.doc,
  active: options.active,
  reason: options.reason
})

const field = <A, D>(
  name: string,
  fallback: ReadonlyArray<string>,
  options: FieldOptions<D>,
  kind: Kind<A>
): Field<A> => ({
  _tag: "Field",
  ...described(name, options),
  type: kind.type,
  fallback,
  fallbackFrom: options.defaultFrom,
  read: kind.read,
  misfit: kind.misfit,
  strict: options.strict ?? false,
  list: kind.list ?? false,
  reload: options.reload,
  env: options.env
})

const first = (args: ReadonlyArray<string>): string => args[0] ?? ""

const onOrOff = (args: ReadonlyArray<string>): string | undefined =>
  first(args) === "on" || first(args) === "off" ? undefined : "on or off"

/** A switch. One that is off by default is on only for exactly `on`; one that is on is off only for exactly `off`. */
export const flag = (name: string, options: FieldOptions<boolean>): Field<boolean> =>
  field(name, [options.default ? "on" : "off"], options, {
    type: "on, off",
    read: options.default ? (args) => first(args) !== "off" : (args) => first(args) === "on",
    misfit: onOrOff
  })

/** A switch whose default does not say how it reads: on only for `on`, or for all but `off`, by where it is written. */
export const oddFlag = (
  name: string,
  options: FieldOptions<boolean> & { readonly onFor: Readonly<Record<Origin, "on" | "all but off">> }
): Field<boolean> =>
  field(name, [options.default ? "on" : "off"], options, {
    type: "on, off",
    read: (args, origin) => (options.onFor[origin] === "on" ? first(args) === "on" : first(args) !== "off"),
    misfit: onOrOff
  })

interface Range {
  readonly min?: number
  readonly max?: number
  /** What a value outside becomes: the nearer limit or the default. Without it the value stays as it is. */
  readonly outside?: "clamp" | "default"
}

type NumberOptions = FieldOptions<number> & Range

const expectedNumber = (what: string, { max, min }: Range): string => {
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`
  if (min !== undefined) return `${what} of at least ${min}`
  return max === undefined ? what : `${what} of at most ${max}`
}

const within = (value: number, options: NumberOptions): number => {
  const { max = Infinity, min = -Infinity, outside } = options
  if (outside === undefined || (value >= min && value <= max)) return value
  return outside === "default" ? options.default : Math.min(Math.max(value, min), max)
}

const number =
  (type: string, whole: boolean, factor: number) =>
  (name: string, options: NumberOptions): Field<number> => {
    const parse = whole ? integerOf : decimalOf
    const fits = whole ? isInteger : isDecimal
    const { max = Infinity, min = -Infinity } = options
    return field(name, [String(options.default)], options, {
      type,
      read: (args) => within(parse(first(args)), options) * factor,
      misfit: (args) => {
        const value = parse(first(args))
        return fits(first(args)) && value >= min && value <= max ? undefined : expectedNumber(type, options)
      }
    })
  }

export const integer = number("integer", true, 1)
export const decimal = number("number", false, 1)
/** Whole seconds in the file, milliseconds in the settings. */
export const seconds = number("whole seconds", true, 1000)
/** Seconds with a fraction in the file, milliseconds in the settings. */
export const fractionalSeconds = number("seconds", false, 1000)
/** Whole megabytes in the file, bytes in the settings. */
export const megabytes = number("whole megabytes", true, 1_048_576)
export const millis = number("whole milliseconds", true, 1)
export const fractionalMillis = number("milliseconds", false, 1)

const present = (args: ReadonlyArray<string>): string | undefined => (args.length > 0 ? undefined : "an argument")

/** An empty default is no default: then the directive has no argument. */
const orNone = (value: string): ReadonlyArray<string> => (value === "" ? [] : [value])

export const text = (name: string, options: FieldOptions<string>): Field<string> =>
  field(name, orNone(options.default), options, { type: "text", read: first, misfit: present })

export const list = (name: string, options: FieldOptions<ReadonlyArray<string>>): Field<ReadonlyArray<string>> =>
  field(name, options.default, options, { type: "list", read: (args) => args, misfit: present, list: true })

/** One of some words. `otherwise` is what any other word means; without it, the default. */
export const choice = <const W extends string, const D extends string, const O extends string = never>(
  name: string,
  words: ReadonlyArray<W>,
  options: FieldOptions<D> & { readonly otherwise?: O }
): Field<NoInfer<W | D | O>> => {
  const find = (args: ReadonlyArray<string>): W | undefined => words.find((word) => word === first(args))
  return field<W | D | O, D>(name, orNone(options.default), options, {
    type: words.join(", "),
    read: (args) => find(args) ?? (args.length === 0 ? options.default : (options.otherwise ?? options.default)),
    misfit: (args) => (find(args) === undefined ? `one of ${words.join(", ")}` : undefined)
  })
}

const expectedEndpoint = "a port, ip:port or [ipv6]:port"

export const endpoint = (name: string, options: FieldOptions<number>): Field<Endpoint> =>
  field(name, [String(options.default)], options, {
    type: "port or address:port",
    read: (args) => endpointOf(first(args)),
    misfit: (args) => (isEndpoint(first(args)) ? undefined : expectedEndpoint)
  })

export const endpoints = (name: string, options: FieldOptions<ReadonlyArray<number>>): Field<ReadonlyArray<Endpoint>> =>
  field(name, options.default.map(String), options, {
    type: "list of port or address:port",
    read: (args) => args.map(endpointOf),
    misfit: (args) => (args.length > 0 && args.every(isEndpoint) ? undefined : expectedEndpoint),
    list: true
  })

/** Arguments that are each of a kind; one that is not refuses the file. */
const listOf =
  <A>(type: string, expected: string, parse: (text: string) => A | undefined) =>
  (name: string, options: FieldOptions<ReadonlyArray<string>>): Field<ReadonlyArray<A>> =>
    field(
      name,
      options.default,
      { strict: true, ...options },
      {
        type,
        read: (args) => args.map(parse).filter((value) => value !== undefined),
        misfit: (args) => (args.length > 0 && args.every((arg) => parse(arg) !== undefined) ? undefined : expected),
        list: true
      }
    )

export const networks = listOf<Network>("list of addresses and networks", "addresses and networks", parseNetwork)

export const ports = listOf<number>("list of ports", "ports from 1 to 65535", (text) =>
  /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
)

export const repeated = (
  name: string,
  options: EntryOptions & { readonly type: string; readonly reload: Reload }
): Repeated => ({ _tag: "Repeated", ...described(name, options), type: options.type, reload: options.reload })

export const group = <const F extends Fields>(
  name: string,
  options: EntryOptions & { readonly env?: boolean; readonly open?: boolean },
  fields: F
): Group<F> => ({
  _tag: "Group",
  ...described(name, options),
  fields,
  env: options.env ?? true,
  open: options.open ?? false
})

export const groups = <const F extends Fields>(
  name: string,
  options: EntryOptions & { readonly argument?: string; readonly open?: boolean },
  fields: F
): Groups<F> => ({
  _tag: "Groups",
  ...described(name, options),
  fields,
  argument: options.argument ?? "",
  open: options.open ?? false
})

export const freeOptions = (name: string, options: EntryOptions): Options => ({
  _tag: "Options",
  ...described(name, options)
})

export const retired = (name: string, options: { readonly doc: string; readonly block?: boolean }): Retired => ({
  _tag: "Retired",
  ...described(name, { doc: options.doc, active: false, reason: options.doc }),
  block: options.block ?? false
})

const laterVersion = "the subsystem is not part of this version"

export const table = <const G extends Fields = {}, const V extends Fields = {}>(options: {
  readonly title: string
  readonly doc: string
  readonly active: boolean
  readonly reason?: string
  readonly global?: G
  readonly vhost?: V
}): Table<G, V> => ({
  title: options.title,
  doc: options.doc,
  active: options.active,
  reason: options.reason ?? laterVersion,
  global: options.global ?? ({} as G),
  vhost: options.vhost ?? ({} as V)
})
