/** WebSocket frames of a server (RFC 6455 §5.2): final, not masked, so the same bytes for every viewer. */
import { writeUint16, writeUint32 } from "../bytes/bytes.ts"

const finalBinary = 0x82

/** One whole binary message. */
export const binaryFrame = (payload: Uint8Array): Uint8Array => {
  const { length } = payload
  const headLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = new Uint8Array(headLength + length)
  frame[0] = finalBinary
  if (headLength === 2) frame[1] = length
  else if (headLength === 4) {
    frame[1] = 126
    writeUint16(frame, 2, length)
  } else {
    frame[1] = 127
    writeUint32(frame, 6, length)
  }
  frame.set(payload, headLength)
  return frame
}

/** Frames each payload once, for all viewers who are given the same view of it. */
export class SharedFrames {
  readonly #frames = new WeakMap<Uint8Array, Uint8Array>()

  of(payload: Uint8Array): Uint8Array {
    const known = this.#frames.get(payload)
    if (known !== undefined) return known
    const frame = binaryFrame(payload)
    this.#frames.set(payload, frame)
    return frame
  }
}
