/**
 * The toy input's lines: first `PUBLISH app/stream`, then one frame each, `V <ms> k <hex>` for a keyframe, `V <ms> - <hex>`
 * for another picture, `A <ms> - <hex>` for sound.
 */
import * as Data from "effect/Data"
import { fourCcOf } from "../../../src/domain/codec/CodecId.ts"
import { audioFrame, videoFrame } from "../../../src/domain/flv/Enhanced.ts"
import type { MediaFrame } from "../../../src/domain/media/MediaFrame.ts"

/** A codec that nothing else knows. */
export const toyCodec = fourCcOf("toy1") ?? 0

export const maxLineLength = 4096

export class MalformedLine extends Data.TaggedError("MalformedLine")<{ readonly line: string }> {
  override get message() {
    return `not a line of the toy protocol: ${JSON.stringify(this.line.slice(0, 80))}`
  }
}

const frameLine = /^([AV]) (\d{1,10}) ([k-]) ((?:[0-9a-f]{2})*)$/
const firstLine = /^PUBLISH ([^ /]+)\/([^ /]+)$/

const readFrame = (line: string): MediaFrame | undefined => {
  const [, kind, time, key, hex] = frameLine.exec(line) ?? []
  if (hex === undefined) return undefined
  const data = Buffer.from(hex, "hex")
  return kind === "V"
    ? videoFrame({ codec: toyCodec, keyframe: key === "k", data }, Number(time))
    : audioFrame({ codec: toyCodec, data }, Number(time))
}

/** Reads what one client sends, however it is cut. */
export class ToyReader {
  #rest = ""
  name: { readonly app: string; readonly stream: string } | undefined

  /** Emits the frames of these bytes. The first line sets `name` and stops the reading: push nothing to go on. */
  push(bytes: Uint8Array, emit: (frame: MediaFrame) => void): MalformedLine | undefined {
    this.#rest += Buffer.from(bytes).toString("latin1")
    for (let end = this.#rest.indexOf("\n"); end >= 0; end = this.#rest.indexOf("\n")) {
      const line = this.#rest.slice(0, end)
      this.#rest = this.#rest.slice(end + 1)
      if (this.name === undefined) return this.#begin(line)
      const frame = readFrame(line)
      if (frame === undefined) return new MalformedLine({ line })
      emit(frame)
    }
    return this.#rest.length > maxLineLength ? new MalformedLine({ line: this.#rest }) : undefined
  }

  #begin(line: string): MalformedLine | undefined {
    const [, app, stream] = firstLine.exec(line) ?? []
    if (app === undefined || stream === undefined) return new MalformedLine({ line })
    this.name = { app, stream }
    return undefined
  }
}
