/**
 * The log as a transport stream, for HTTP-TS and WebSocket-TS: one run of packets for everybody, whose continuity
 * counters run on. The tables stand in it at every keyframe and every half second.
 *
 * A viewer enters with one frame of its own: the shared bytes of that frame, behind what makes them a beginning. That
 * is the tables, where the frame does not bring them itself, with the counters before those of the next shared ones;
 * and for a viewer that was in the stream before (it jumped or paused) a packet for each PID with the
 * discontinuity_indicator (ISO/IEC 13818-1 §2.4.3.5), so that its counters are never wrong.
 */
import { concat } from "../bytes/bytes.ts"
import { Encoded, type SharedEncoder, type ViewerFormat } from "../media/Format.ts"
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { type TrackOptions, trackFormats } from "../media/trackFormats.ts"
import { AdaptationFlag, packetLength, Pid, writeAdaptationPacket } from "./packet.ts"
import { type Program, writePat, writePmt } from "./Psi.ts"
import { TsMux } from "./TsMux.ts"

/** Where a viewer can enter: a frame's shared bytes, and the counters of the packets that follow in each PID. */
interface Place {
  /** A view of the shared, write-once bytes. */
  readonly bytes: Uint8Array
  readonly program: Program
  readonly psiCounter: number
  /** Of each PID in `carried`, before this frame. */
  readonly counters: ReadonlyArray<number>
}

const carried: ReadonlyArray<number> = [Pid.Video, Pid.Audio, Pid.Mp3]

/** The places of all projections of one format, by their frames: gone when the log forgets the frame. */
type Places = WeakMap<MediaFrame, Place>

const noBytes = new Uint8Array(0)

class TsEncoder implements SharedEncoder {
  readonly #mux: TsMux
  readonly #options: TrackOptions
  readonly #places: Places
  #keyframeSeen = false

  constructor(options: TrackOptions, places: Places, headers: ReadonlyArray<MediaFrame>) {
    this.#mux = new TsMux({ published: options.published })
    this.#options = options
    this.#places = places
    for (const header of headers) if (this.#isPart(header)) this.#mux.learn(header)
  }

  encode(frame: MediaFrame, out: SlabWriter): Encoded {
    if (!this.#isPart(frame)) return Encoded.Absent
    if (frame.header) {
      this.#mux.learn(frame)
      return Encoded.Absent
    }
    const mux = this.#mux
    this.#keyframeSeen ||= frame.keyframe
    // Between keyframes nobody enters, once there have been any.
    if (this.#keyframeSeen && !frame.keyframe) return mux.write(frame, out) ? Encoded.Shared : Encoded.Absent
    const counters = carried.map((pid) => mux.nextCounter(pid))
    const start = out.end
    if (!mux.write(frame, out)) return Encoded.Absent
    const { program } = mux
    const slab = out.slabAt(start)
    const bytes = slab.bytes.subarray(start - slab.position, slab.used)
    this.#places.set(frame, { bytes, program, psiCounter: mux.nextCounter(Pid.Pat), counters })
    return Encoded.Shared
  }

  lane(): number {
    return 0
  }

  #isPart(frame: MediaFrame): boolean {
    if (frame.track !== 0) return false
    return frame.kind === Kind.Audio ? this.#options.hasAudio : frame.kind === Kind.Video && this.#options.hasVideo
  }
}

/** Both tables with the counters before `counter`. */
const psiBefore = (counter: number, program: Program): Uint8Array => {
  const bytes = new Uint8Array(2 * packetLength)
  writePat(bytes, 0, counter - 1)
  writePmt(bytes, packetLength, counter - 1, program)
  return bytes
}

/** For each PID a packet whose counter the next packet of the PID follows. The tables are those before `psiCounter`. */
const discontinuities = ({ counters, program, psiCounter }: Place): Uint8Array => {
  const pids = [Pid.Pat, Pid.Pmt, ...program.streams.map(({ pid }) => pid)]
  const bytes = new Uint8Array(pids.length * packetLength)
  for (const [i, pid] of pids.entries()) {
    const next = pid === Pid.Pat || pid === Pid.Pmt ? psiCounter - 1 : counters[carried.indexOf(pid)]
    writeAdaptationPacket(bytes, i * packetLength, pid, next - 1, AdaptationFlag.Discontinuity, 0)
  }
  return bytes
}

const startsWithPat = (bytes: Uint8Array): boolean => (((bytes[1] & 0x1f) << 8) | bytes[2]) === Pid.Pat

class TsViewer implements ViewerFormat {
  readonly #places: Places
  #entered = false

  constructor(places: Places) {
    this.#places = places
  }

  /** What stands before the first frame depends on that frame, so `own` writes it. */
  enter(): Uint8Array {
    return noBytes
  }

  own(frame: MediaFrame): Uint8Array {
    const place = this.#places.get(frame)
    if (place === undefined) return noBytes
    const parts: Array<Uint8Array> = []
    if (this.#entered) parts.push(discontinuities(place))
    if (!startsWithPat(place.bytes)) parts.push(psiBefore(place.psiCounter, place.program))
    this.#entered = true
    return parts.length === 0 ? place.bytes : concat([...parts, place.bytes])
  }
}

/** The formats of HTTP-TS: one call of this for all viewers of a server. */
export const tsFormats = () =>
  trackFormats<Place>(
    "ts",
    (options, places, headers) => new TsEncoder(options, places, headers),
    (places) => new TsViewer(places)
  )
