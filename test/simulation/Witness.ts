/**
 * What really happened, beside the server: what each log took from whom, and who had been allowed to. It stands in front
 * of the source registry and in place of the authoriser.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Kind, type MediaFrame } from "../../src/domain/media/MediaFrame.ts"
import { streamKey } from "../../src/domain/media/StreamName.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../src/services/Authorizer.ts"
import { type Source, SourceRegistry } from "../../src/services/SourceRegistry.ts"
import { frameOf } from "./identity.ts"

/** One frame of a log. */
export interface Appended {
  readonly stream: string
  /** Index in its log. */
  readonly index: number
  readonly publisher: number
  readonly keyframe: boolean
  /** Frames of sound and pictures before it in this log. */
  readonly media: number
  /** The first sound or picture of its publisher. */
  readonly first: boolean
  /** Its publisher had sent pictures, this one included. */
  readonly hasVideo: boolean
  readonly timestamp: number
  readonly atMillis: number
}

/** Frames remembered of each stream. */
const remembered = 30_000

interface Follower {
  readonly source: Source
  /** A stream that is forwarded again after an interruption brings its newest frames a second time. */
  readonly frames: Map<string, ReadonlyArray<Appended>>
  media: number
  keyframe: Appended | undefined
  publisher: number
  publisherMedia: number
  hasVideo: boolean
}

export class Witness {
  readonly violations: Array<string> = []
  readonly #granted = new Map<string, Set<string>>()
  /** Numbers of viewers, which their URLs have. */
  readonly #admitted = new Set<number>()
  readonly #followers = new Map<Source, Follower>()
  readonly #now: () => number
  readonly #random: (below: number) => number
  readonly #appendedTo = new Map<string, number>()
  appended = 0

  constructor(now: () => number, random: (below: number) => number) {
    this.#now = now
    this.#random = random
  }

  breach(text: string): void {
    this.violations.push(`${this.#now()} ms: ${text}`)
  }

  isGranted(sessionId: string, action: "publish" | "play", stream: string): boolean {
    return this.#granted.get(sessionId)?.has(`${action} ${stream}`) ?? false
  }

  isAdmitted(viewer: number): boolean {
    return this.#admitted.has(viewer)
  }

  /** How many frames the logs of a stream took in all. */
  appendedTo(stream: string): number {
    return this.#appendedTo.get(stream) ?? 0
  }

  /** The frame of a stream's present log, if it is there twice the first after this index. */
  find(source: Source, publisher: number, sequence: number, after: number): Appended | undefined {
    const copies = this.#followers.get(source)?.frames.get(`${publisher} ${sequence}`)
    return copies?.find(({ index }) => index > after) ?? copies?.at(-1)
  }

  /** The newest keyframe of a stream. */
  newestKeyframe(source: Source): Appended | undefined {
    return this.#followers.get(source)?.keyframe
  }

  /** Sources that are no longer in the registry are forgotten. */
  forget(alive: Iterable<Source>): void {
    const kept = new Set(alive)
    for (const source of this.#followers.keys()) if (!kept.has(source)) this.#followers.delete(source)
  }

  #follow(source: Source, frame: MediaFrame): void {
    this.appended++
    this.#appendedTo.set(source.key, this.appendedTo(source.key) + 1)
    const follower = this.#obtain(source)
    if (frame.kind === Kind.Data) return
    const { header, keyframe, publisher, sequence } = frameOf(frame.kind, frame.body)
    if (publisher !== follower.publisher) {
      Object.assign(follower, { publisher, publisherMedia: follower.media, hasVideo: false })
    }
    if (frame.kind === Kind.Video) follower.hasVideo = true
    if (header) return
    const { hasVideo, media } = follower
    const appended: Appended = {
      stream: source.key,
      index: source.log.end - 1,
      publisher,
      keyframe,
      media,
      first: media === follower.publisherMedia,
      hasVideo,
      timestamp: frame.timestamp,
      atMillis: this.#now()
    }
    follower.media++
    if (keyframe) follower.keyframe = appended
    const name = `${publisher} ${sequence}`
    follower.frames.set(name, [...(follower.frames.get(name) ?? []), appended])
    if (follower.frames.size <= remembered) return
    const [oldest] = follower.frames.keys()
    follower.frames.delete(oldest as string)
  }

  #obtain(source: Source): Follower {
    const known = this.#followers.get(source)
    if (known !== undefined) return known
    const follower: Follower = {
      source,
      frames: new Map(),
      media: 0,
      keyframe: undefined,
      publisher: -1,
      publisherMedia: 0,
      hasVideo: false
    }
    this.#followers.set(source, follower)
    return follower
  }

  /** The registry, watched. */
  readonly registry: Layer.Layer<SourceRegistry, never, SourceRegistry> = Layer.effect(
    SourceRegistry,
    Effect.map(SourceRegistry, (registry) =>
      SourceRegistry.of({
        ...registry,
        publish: (permit, onTakenOver) =>
          Effect.map(registry.publish(permit, onTakenOver), (publication) => ({
            ...publication,
            append: (frame) => {
              const { log } = publication.source
              const { end } = log
              publication.append(frame)
              if (log.end === end) return
              const { session, stream } = permit.request
              if (!this.isGranted(session.id, "publish", streamKey(stream))) {
                this.breach(`session ${session.id} published to ${streamKey(stream)} before it was authorised`)
              }
              this.#follow(publication.source, frame)
            }
          }))
      })
    )
  )

  readonly #decide = (request: AccessRequest, action: "publish" | "play") =>
    Effect.gen({ self: this }, function* () {
      const { session, stream } = request
      if (this.#random(3) > 0) yield* Effect.sleep(1 + this.#random(900))
      if (this.#random(12) === 0) {
        return yield* new Refused({ action, stream: streamKey(stream), reason: "the simulation says so", code: 2015 })
      }
      const granted = this.#granted.get(session.id) ?? new Set<string>()
      granted.add(`${action} ${streamKey(stream)}`)
      if (action === "play") this.#admitted.add(Number(/viewer=(\d+)/.exec(request.param)?.[1]))
      this.#granted.set(session.id, granted)
    })

  /** Answers after a while, and not always with yes. */
  readonly authorizer = Layer.sync(Authorizer, () => ({
    connect: () => Effect.void,
    publish: (request) => Effect.as(this.#decide(request, "publish"), Permit.grantUnsafe("publish", request)),
    play: (request) => Effect.as(this.#decide(request, "play"), Permit.grantUnsafe("play", request))
  }))
}
