/**
 * What a client of the server wants, from its commands after `connect` until the connection ends: create streams, publish
 * or play on them, pause, stop, and begin again. It takes the sequences of FMLE, Flash and Haivision and any part of
 * them, several streams at a time, in any order.
 */
import { booleanArgument, type Command, numberArgument, stringArgument, type UntimedMessage } from "./Command.ts"
import * as Replies from "./Replies.ts"
import { splitQuery } from "./UrlText.ts"
import { streamBegin, streamEof } from "./ControlReplies.ts"

/** Streams that one connection may have at a time. Real clients have one or two. */
export const maxStreamsPerConnection = 16

/** SRS's names, as its API and hooks show them. */
export type PublishType = "fmle-publish" | "flash-publish" | "haivision-publish"

export type DialogueEvent =
  /** Wants to publish; `Replies.publishStarted` or `refused` is the answer. `name` may be empty and have a query. */
  | { readonly kind: "publish"; readonly streamId: number; readonly type: PublishType; readonly name: string }
  /** Has stopped to publish; the connection stays. */
  | { readonly kind: "unpublish"; readonly streamId: number }
  /** Wants to play; Stream Begin and `Replies.playStarted`, or `refused`, are the answer. */
  | {
      readonly kind: "play"
      readonly streamId: number
      readonly type: "rtmp-play"
      readonly name: string
      /** -2 live or recorded, -1 live, else seconds into a record. FFmpeg sends milliseconds: -2000. */
      readonly start: number
      /** After so much media the play ends: milliseconds as SRS reads it; not above 0 means never. */
      readonly durationMillis: number
      readonly reset: boolean
    }
  /** Has stopped to play; the connection stays. */
  | { readonly kind: "stop"; readonly streamId: number }
  | { readonly kind: "pause"; readonly streamId: number; readonly paused: boolean }
  | { readonly kind: "seek"; readonly streamId: number; readonly millis: number }

/** Replies first, then the events in order. */
export interface Turn {
  readonly replies: ReadonlyArray<UntimedMessage>
  readonly events: ReadonlyArray<DialogueEvent>
}

interface Stream {
  readonly id: number
  role: "idle" | "publish" | "play"
  name: string
}

const silence: Turn = { replies: [], events: [] }

const baseName = (name: string): string => splitQuery(name)[0]

/** Queries aside. */
const isNamed =
  (name: string) =>
  (stream: Stream): boolean =>
    baseName(stream.name) === baseName(name)

/** The name in publish; that of releaseStream or FCPublish where it is missing, or where only that one has the query. */
const chooseName = (published: string, announced: string): string =>
  published === "" || (announced.startsWith(published) && baseName(announced) === published) ? announced : published

export class CommandDialogue {
  /** At most `maxStreamsPerConnection`. */
  #streams: ReadonlyArray<Stream> = []
  #allocatedId = 0
  #newest: Stream | undefined
  /** Since the last publish: what releaseStream or FCPublish named, and what kind of client that makes it. */
  #announced = ""
  #announcedType: PublishType = "flash-publish"
  #createdBefore = false

  /** `messageStreamId` is that of the command's message. Total: what makes no sense is answered like any unknown call. */
  accept(command: Command, messageStreamId: number): Turn {
    switch (command.name) {
      case "createStream":
        return this.#createStream(command)
      case "releaseStream":
      case "FCPublish":
        return this.#announce(command)
      case "FCUnpublish":
        return this.#unpublish(command)
      case "publish":
        return this.#publish(command, messageStreamId)
      case "play":
        return this.#play(command, messageStreamId)
      case "pause":
      case "pauseRaw":
        return this.#pause(command, messageStreamId)
      case "seek":
        return this.#seek(command, messageStreamId)
      case "closeStream":
        return this.#close(this.#find(messageStreamId))
      case "deleteStream":
        return this.#delete(numberArgument(command, 0) ?? messageStreamId)
      case "_result":
      case "_error":
        return silence
      default:
        return { replies: result(command, null), events: [] }
    }
  }

  /** The server has ended what the stream did. */
  ended(streamId: number): void {
    const stream = this.#stream(streamId)
    if (stream !== undefined) stream.role = "idle"
  }

  /** The stream that media of a message belongs to: some encoders send it on another stream than they published. */
  publishingStream(messageStreamId: number): number | undefined {
    if (this.#stream(messageStreamId)?.role === "publish") return messageStreamId
    return this.#only("publish")?.id
  }

  #createStream(command: Command): Turn {
    if (this.#streams.length >= maxStreamsPerConnection) {
      const description = `more than ${maxStreamsPerConnection} streams`
      return {
        replies: [Replies.callError(command.transactionId, "NetConnection.Call.Failed", description)],
        events: []
      }
    }
    const stream = this.#open(this.#allocate())
    this.#createdBefore = true
    return { replies: [Replies.callResult(command.transactionId, stream.id)], events: [] }
  }

  #announce(command: Command): Turn {
    this.#announced = stringArgument(command, 0) ?? this.#announced
    if (this.#announcedType === "flash-publish") {
      this.#announcedType = this.#createdBefore ? "haivision-publish" : "fmle-publish"
    }
    return { replies: result(command, undefined), events: [] }
  }

  #publish(command: Command, messageStreamId: number): Turn {
    // NetStream.publish(false)
    if (command.args[0] === false) return this.#close(this.#find(messageStreamId))
    const stream = this.#target(messageStreamId)
    const name = chooseName(stringArgument(command, 0) ?? "", this.#announced)
    const type = this.#announcedType
    const replies = type === "flash-publish" ? [] : [Replies.onFCPublish(stream.id)]
    const events = this.#end(stream)
    for (const other of this.#publishers().filter(isNamed(name))) events.push(...this.#end(other))
    stream.role = "publish"
    stream.name = name
    this.#beginRound()
    events.push({ kind: "publish", streamId: stream.id, type, name })
    return { replies, events }
  }

  #unpublish(command: Command): Turn {
    const replies: Array<UntimedMessage> = []
    const events: Array<DialogueEvent> = []
    const name = stringArgument(command, 0)
    const all = this.#publishers()
    // A name that does not fit is no reason to go on when there is no doubt what is meant.
    const meant = name === undefined || all.length === 1 ? all : all.filter(isNamed(name))
    for (const stream of meant) {
      events.push(...this.#end(stream))
      replies.push(Replies.onFCUnpublish(stream.id), ...result(command, undefined), Replies.publishStopped(stream.id))
    }
    if (events.length === 0) return { replies: result(command, undefined), events }
    this.#beginRound()
    return { replies, events }
  }

  #play(command: Command, messageStreamId: number): Turn {
    // NetStream.play(false)
    if (command.args[0] === false) return this.#close(this.#find(messageStreamId))
    const stream = this.#target(messageStreamId)
    const name = stringArgument(command, 0) ?? ""
    const events = this.#end(stream)
    this.#beginRound()
    stream.role = "play"
    stream.name = name
    events.push({
      kind: "play",
      streamId: stream.id,
      type: "rtmp-play",
      name,
      start: numberArgument(command, 1) ?? -2,
      durationMillis: numberArgument(command, 2) ?? -1,
      reset: booleanArgument(command, 3) ?? true
    })
    return { replies: [], events }
  }

  #pause(command: Command, messageStreamId: number): Turn {
    const stream = this.#playing(messageStreamId)
    if (stream === undefined) return { replies: result(command, null), events: [] }
    const paused = booleanArgument(command, 0) ?? true
    const replies = paused
      ? [Replies.playPaused(stream.id), streamEof(stream.id)]
      : [Replies.playUnpaused(stream.id), streamBegin(stream.id)]
    return { replies, events: [{ kind: "pause", streamId: stream.id, paused }] }
  }

  #seek(command: Command, messageStreamId: number): Turn {
    const stream = this.#playing(messageStreamId)
    const replies = result(command, null)
    if (stream === undefined) return { replies, events: [] }
    return { replies, events: [{ kind: "seek", streamId: stream.id, millis: numberArgument(command, 0) ?? 0 }] }
  }

  /** Ends what the stream does and keeps it, so that the client can publish or play on it again. */
  #close(stream: Stream | undefined): Turn {
    if (stream === undefined) return silence
    const replies = stream.role === "publish" ? [Replies.publishStopped(stream.id)] : []
    return { replies, events: this.#end(stream) }
  }

  #delete(streamId: number): Turn {
    const stream = this.#stream(streamId)
    this.#streams = this.#streams.filter(({ id }) => id !== streamId)
    if (stream === this.#newest) this.#newest = undefined
    return stream === undefined ? silence : { replies: [], events: this.#end(stream) }
  }

  #stream(id: number): Stream | undefined {
    return this.#streams.find((stream) => stream.id === id)
  }

  #beginRound(): void {
    this.#announced = ""
    this.#announcedType = "flash-publish"
    this.#createdBefore = false
  }

  #allocate(): number {
    do this.#allocatedId++
    while (this.#stream(this.#allocatedId) !== undefined)
    return this.#allocatedId
  }

  #open(id: number): Stream {
    const stream: Stream = { id, role: "idle", name: "" }
    this.#streams = [...this.#streams, stream]
    this.#newest = stream
    return stream
  }

  #end(stream: Stream): Array<DialogueEvent> {
    const { id: streamId, role } = stream
    stream.role = "idle"
    return role === "idle" ? [] : [{ kind: role === "publish" ? "unpublish" : "stop", streamId }]
  }

  /** Where to publish or play: clients that skipped createStream, or name no stream, get the newest, at first 1. */
  #target(messageStreamId: number): Stream {
    const stream = this.#stream(messageStreamId)
    if (stream !== undefined) return stream
    const isFull = this.#streams.length >= maxStreamsPerConnection
    if (this.#newest !== undefined && (messageStreamId === 0 || isFull)) return this.#newest
    return this.#open(messageStreamId === 0 ? this.#allocate() : messageStreamId)
  }

  /** The stream a command is about; the only busy one if it names none. */
  #find(messageStreamId: number): Stream | undefined {
    return this.#stream(messageStreamId) ?? this.#only("publish") ?? this.#only("play")
  }

  #playing(messageStreamId: number): Stream | undefined {
    const stream = this.#stream(messageStreamId)
    return stream?.role === "play" ? stream : this.#only("play")
  }

  #publishers(): ReadonlyArray<Stream> {
    return this.#streams.filter((stream) => stream.role === "publish")
  }

  #only(role: Stream["role"]): Stream | undefined {
    let found: Stream | undefined
    for (const stream of this.#streams) {
      if (stream.role !== role) continue
      if (found !== undefined) return undefined
      found = stream
    }
    return found
  }
}

/** The answer to a call; transaction id 0 wants none. */
const result = (command: Command, value: null | undefined): Array<UntimedMessage> =>
  command.transactionId === 0 ? [] : [Replies.callResult(command.transactionId, value)]
