/** Records what a tracer and a logger are given, in order. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

export interface Line {
  readonly level: string
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
  readonly cause: unknown
}

export const makeRecorder = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const lines: Array<Line> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make<unknown, void>((options) => {
    lines.push({
      level: options.logLevel,
      message: String(Array.isArray(options.message) ? options.message[0] : options.message),
      annotations: options.fiber.getRef(References.CurrentLogAnnotations),
      cause: options.cause
    })
  })
  const layer = Layer.mergeAll(Layer.succeed(Tracer.Tracer, tracer), Logger.layer([logger]))
  return { spans, lines, provide: Effect.provide(layer) }
}
