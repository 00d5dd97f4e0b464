/** What a table in `directives/` is made of: one entry for each directive, with all that is known of it. */
import type { Origin } from "./values.ts"

/**
 * When a changed value takes effect: on running objects, at the next connection, stream or event, only at process
 * start, or never.
 */
export type Reload = "yes" | "next" | "start" | "none"

/** Text in force of another directive, by its path (`vhost.play.gop_cache` is of the vhost at hand). */
export type Lookup = (path: string) => string

/** What every entry has. */
export interface Described {
  /** As written in a file. */
  readonly name: string
  /** One sentence, for the documentation. */
  readonly doc: string
  /** Overrides the mark of the entry around it: does the directive have an effect in this version? */
  readonly active: boolean | undefined
  /** Why it has none, if the reason is not that of the entry around it. */
  readonly reason: string | undefined
}

/** A directive whose arguments are one value of type `A`. */
export interface Field<A> extends Described {
  readonly _tag: "Field"
  /** As the documentation shows it. */
  readonly type: string
  /** The arguments that stand for the default. */
  readonly fallback: ReadonlyArray<string>
  /** The default where it depends on other directives; `fallback` is then its usual value. */
  readonly fallbackFrom: ((lookup: Lookup) => string) | undefined
  /** Total: any arguments give a value. */
  readonly read: (args: ReadonlyArray<string>, origin: Origin) => A
  /** What was expected where the arguments are not it; `undefined` where they are. */
  readonly misfit: (args: ReadonlyArray<string>) => string | undefined
  /** Refuses a misfit. Otherwise it is a warning, because files that exist may have it. */
  readonly strict: boolean
  /** All arguments count; in the environment they are separated by spaces. */
  readonly list: boolean
  readonly reload: Reload
  /** Names of its environment variables if they do not follow from its path, the first one first. */
  readonly env: ReadonlyArray<string> | undefined
}

/** A directive that may stand several times: the arguments of each. */
export interface Repeated extends Described {
  readonly _tag: "Repeated"
  readonly type: string
  readonly reload: Reload
}

/** A block, present once. Without it, all inside has its default. */
export interface Group<F extends Fields> extends Described {
  readonly _tag: "Group"
  readonly fields: F
  /** False: no environment variables for what is inside. */
  readonly env: boolean
  /** Unknown names inside are no reason to refuse the file. */
  readonly open: boolean
}

/** A block that may stand several times, each with an optional argument. */
export interface Groups<F extends Fields> extends Described {
  readonly _tag: "Groups"
  readonly fields: F
  readonly open: boolean
  /** What the argument is, for the documentation; empty if it takes none. */
  readonly argument: string
}

/** A block of freely named options. */
export interface Options extends Described {
  readonly _tag: "Options"
}

/** Accepted for the sake of old files, without effect. */
export interface Retired extends Described {
  readonly _tag: "Retired"
  readonly block: boolean
}

export type Entry = Field<unknown> | Repeated | Group<Fields> | Groups<Fields> | Options | Retired

/** Entries by the name of the property that carries the value. */
export interface Fields {
  readonly [property: string]: Entry
}

export interface Option {
  readonly name: string
  readonly args: ReadonlyArray<string>
}

/** The settings that a set of entries gives. */
export type Values<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Retired ? never : K]: ValueOf<F[K]>
}

type ValueOf<E> =
  E extends Field<infer A>
    ? A
    : E extends Repeated
      ? ReadonlyArray<ReadonlyArray<string>>
      : E extends Group<infer F>
        ? Values<F>
        : E extends Groups<infer F>
          ? ReadonlyArray<Values<F> & { readonly argument: string }>
          : E extends Options
            ? ReadonlyArray<Option>
            : never

/** The directives of one subsystem, at the top level of the file and inside a vhost. */
export interface Table<G extends Fields = Fields, V extends Fields = Fields> {
  readonly title: string
  /** One or two sentences, for the documentation. */
  readonly doc: string
  /** Is the subsystem part of this version? Entries may differ. */
  readonly active: boolean
  /** Why not. */
  readonly reason: string
  readonly global: G
  readonly vhost: V
}
