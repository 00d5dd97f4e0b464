/** A publisher's messages as frames: audio, video, aggregates of both, and metadata. */
import * as Result from "effect/Result"
import { decodeAll, decodeAmf3Message, encodeAll } from "../amf/Amf0.ts"
import { readMetadata } from "../flv/Metadata.ts"
import { TagBodyReader } from "../flv/TagBody.ts"
import { Kind, MediaFrame } from "../media/MediaFrame.ts"
import * as Aggregate from "./Aggregate.ts"
import type { RtmpMessage } from "./ChunkReader.ts"
import { MessageType } from "./Command.ts"

/** Why a publisher's message cannot be taken; the connection ends. */
export interface IngestError {
  readonly _tag: string
  readonly message: string
}

export class RtmpIngest {
  readonly #tags = new TagBodyReader()
  readonly #emit: (frame: MediaFrame) => void
  readonly #server: string
  readonly #serverVersion: string
  #failure: IngestError | undefined
  /** Data messages that are not metadata, and so not relayed. */
  ignored = 0

  /** `emit` takes frames that refer to the messages' bytes. `server` and `serverVersion` are added to metadata. */
  constructor(emit: (frame: MediaFrame) => void, server: string, serverVersion: string) {
    this.#emit = emit
    this.#server = server
    this.#serverVersion = serverVersion
  }

  push(message: RtmpMessage): IngestError | undefined {
    switch (message.type) {
      case Kind.Audio:
      case Kind.Video:
        return this.#tags.read(message.type, message.timestamp, message.bytes, message.start, message.end, this.#emit)
      case Aggregate.typeId:
        return this.#split(message)
      case MessageType.DataAmf0:
      case MessageType.DataAmf3:
        return this.#data(message)
      default:
        return undefined
    }
  }

  #split(message: RtmpMessage): IngestError | undefined {
    this.#failure = undefined
    const split = Aggregate.split(message, (part) => {
      if (part.type !== Aggregate.typeId) this.#failure ??= this.push(part)
    })
    return this.#failure ?? (Result.isFailure(split) ? split.failure : undefined)
  }

  #data({ bytes, end, start, timestamp, type }: RtmpMessage): IngestError | undefined {
    const decoded = (type === MessageType.DataAmf3 ? decodeAmf3Message : decodeAll)(bytes, start, end)
    if (Result.isFailure(decoded)) return decoded.failure
    const metadata = readMetadata(decoded.success, this.#server, this.#serverVersion)
    if (metadata === undefined) {
      this.ignored++
      return undefined
    }
    const body = encodeAll(metadata.values)
    const fields = { kind: Kind.Data, published: timestamp, bytes: body, start: 0, end: body.length, header: true }
    this.#emit(new MediaFrame(fields))
    return undefined
  }
}
