/**
 * Spans while nobody exports them: which trace and span it is, for log lines and callbacks, and nothing of what is told
 * to them. A third of the memory of Effect's own, of which a session has one for as long as it lasts.
 */
import { randomBytes } from "node:crypto"
import type * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

const status: Tracer.SpanStatus = { _tag: "Started", startTime: 0n }
const attributes: ReadonlyMap<string, unknown> = new Map()
const links: ReadonlyArray<Tracer.SpanLink> = []

class UnrecordedSpan implements Tracer.Span {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly annotations: Context.Context<never>
  readonly sampled: boolean
  #traceId: string | undefined
  #spanId: string | undefined

  constructor({ annotations, kind, name, parent, sampled }: Parameters<Tracer.Tracer["span"]>[0]) {
    this.name = name
    this.kind = kind
    this.parent = parent
    this.annotations = annotations
    this.sampled = sampled
  }

  get _tag() {
    return "Span" as const
  }

  get traceId(): string {
    return (this.#traceId ??= Option.getOrUndefined(this.parent)?.traceId ?? randomBytes(16).toString("hex"))
  }

  get spanId(): string {
    return (this.#spanId ??= randomBytes(8).toString("hex"))
  }

  get status() {
    return status
  }

  get attributes() {
    return attributes
  }

  get links() {
    return links
  }

  end(): void {}

  attribute(): void {}

  event(): void {}

  addLinks(): void {}
}

export const layer: Layer.Layer<never> = Layer.succeed(
  Tracer.Tracer,
  Tracer.make({ span: (options) => new UnrecordedSpan(options) })
)
