/** Bugs to plant, so that it is known that the simulation finds such. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Encoded, type Format } from "../../src/domain/media/Format.ts"
import { Kind, type MediaFrame } from "../../src/domain/media/MediaFrame.ts"
import { type AccessRequest, Authorizer, Permit } from "../../src/services/Authorizer.ts"
import { Playback, type ViewOptions } from "../../src/services/Playback.ts"
import { SourceRegistry } from "../../src/services/SourceRegistry.ts"

/** Takes the place of a part of the server. */
export interface Plant {
  readonly registry: <E, R>(layer: Layer.Layer<SourceRegistry, E, R>) => Layer.Layer<SourceRegistry, E, R>
  readonly playback: <E, R>(layer: Layer.Layer<Playback, E, R>) => Layer.Layer<Playback, E, R>
  readonly authorizer: <E, R>(layer: Layer.Layer<Authorizer, E, R>) => Layer.Layer<Authorizer, E, R>
}

export const noPlant: Plant = { registry: (layer) => layer, playback: (layer) => layer, authorizer: (layer) => layer }

/** A playback whose viewers have another format. */
const withFormat = (change: (format: Format) => Format): Plant => ({
  ...noPlant,
  playback: (layer) =>
    Layer.effect(
      Playback,
      Effect.map(Playback, (playback) =>
        Playback.of({
          view: (permit, options: ViewOptions) => playback.view(permit, { ...options, format: change(options.format) })
        })
      )
    ).pipe(Layer.provide(layer))
})

/** An encoder that treats one shared frame in so many in its own way. */
const everyFrame = (times: number, encode: (frame: MediaFrame) => MediaFrame | undefined): Plant =>
  withFormat((format) => ({
    ...format,
    encoder: () => {
      const encoder = format.encoder()
      let count = 0
      return {
        lane: (frame) => encoder.lane(frame),
        encode: (frame, out) => {
          const chosen = frame.kind === Kind.Video && !frame.header && !frame.keyframe && ++count % times === 0
          const encoded = chosen ? encode(frame) : frame
          return encoded === undefined ? Encoded.Absent : encoder.encode(encoded, out)
        }
      }
    }
  }))

const later = (frame: MediaFrame): MediaFrame => {
  const copy = new (frame.constructor as new (fields: MediaFrame) => MediaFrame)(frame)
  copy.timestamp = frame.timestamp + 1
  return copy
}

/** One delta in 500 is a millisecond too long. */
export const brokenDelta = everyFrame(500, later)

/** One picture in 500 gets lost. */
export const lostPicture = everyFrame(500, () => undefined)

/** Permits of this kind come at once; what the decision is shows later. */
const hasty = (action: "publish" | "play"): Plant => ({
  ...noPlant,
  authorizer: (layer) =>
    Layer.effect(
      Authorizer,
      Effect.map(Authorizer, (authorizer) =>
        Authorizer.of({
          ...authorizer,
          [action]: (request: AccessRequest) =>
            Effect.as(
              Effect.forkScoped(Effect.ignore(authorizer[action](request))),
              Permit.grantUnsafe(action, request)
            )
        })
      )
    ).pipe(Layer.provide(layer))
})

export const hastyPublish = hasty("publish")
export const hastyPlay = hasty("play")

/** One subscription in 20 is never given back. */
export const leakedReader: Plant = {
  ...noPlant,
  registry: (layer) =>
    Layer.effect(
      SourceRegistry,
      Effect.gen(function* () {
        const registry = yield* SourceRegistry
        const forever = yield* Effect.scope
        let count = 0
        return SourceRegistry.of({
          ...registry,
          subscribe: (permit) =>
            ++count % 20 === 0
              ? Effect.provideService(registry.subscribe(permit), Scope.Scope, forever)
              : registry.subscribe(permit)
        })
      })
    ).pipe(Layer.provide(layer))
}

/** A fiber for each viewer that nobody ends. */
export const leakedFiber: Plant = {
  ...noPlant,
  playback: (layer) =>
    Layer.effect(
      Playback,
      Effect.map(Playback, (playback) =>
        Playback.of({
          view: (permit, options) => Effect.tap(playback.view(permit, options), () => Effect.forkDetach(Effect.never))
        })
      )
    ).pipe(Layer.provide(layer))
}

/** The encoders of a format throw at their 100th frame. */
export const brokenEncoder = (key: string): Plant =>
  withFormat((format) => {
    if (!format.key.startsWith(key)) return format
    return {
      ...format,
      encoder: () => {
        const encoder = format.encoder()
        let count = 0
        return {
          lane: (frame) => encoder.lane(frame),
          encode: (frame, out) => {
            if (++count === 100) throw new Error("planted")
            return encoder.encode(frame, out)
          }
        }
      }
    }
  })

/** Taking the 100th frame of a stream throws, on the stack of its publisher. */
export const brokenSource = (key: string): Plant => ({
  ...noPlant,
  registry: (layer) =>
    Layer.effect(
      SourceRegistry,
      Effect.map(SourceRegistry, (registry) =>
        SourceRegistry.of({
          ...registry,
          publish: (...args) =>
            Effect.map(registry.publish(...args), (publication) => {
              let count = 0
              return {
                ...publication,
                append: (frame: MediaFrame) => {
                  if (publication.source.key === key && ++count === 100) throw new Error("planted")
                  publication.append(frame)
                }
              }
            })
        })
      )
    ).pipe(Layer.provide(layer))
})
