/**
 * An MPEG transport stream of one program (ISO/IEC 13818-1): at most one stream of pictures, one of sound and one of
 * timed ID3. It gives whole transport packets; without `audioPesMillis` those of one frame are in one slab.
 *
 * Every random access point and every `psiMillis` begin with the tables; the clock reference comes with each picture,
 * or with sound where there is none, at least once in 100 ms as long as anything comes. PTS and DTS are the frame's
 * times; the clock reference runs `lead` before them, which is how long a decoder has a frame before it needs it.
 */
import { Kind, type MediaFrame } from "../media/MediaFrame.ts"
import type { SlabWriter } from "../media/SlabWriter.ts"
import { isCoded, isConfiguration } from "../mp4/coded.ts"
import {
  DataAlignment,
  maxTimedPayload,
  pesHeaderLength,
  type PesStream,
  type PesTimes,
  spreadPes,
  transportPackets,
  writePesHeader
} from "./Pes.ts"
import {
  AdaptationFlag,
  packetLength,
  Pid,
  StreamId,
  StreamType,
  ticksPerMilli,
  writeAdaptationPacket
} from "./packet.ts"
import { id3Descriptors, type ElementaryStream, type Program, writePat, writePmt } from "./Psi.ts"
import { type TsAudio, tsAudio } from "./TsAudio.ts"
import { TsVideo } from "./TsVideo.ts"

export interface TsMuxOptions {
  /** Times as published instead of repaired. */
  readonly published?: boolean
  /** The tables come at least this often. 500 unless told. */
  readonly psiMillis?: number
  /** Sound of up to this long goes into one PES packet; 0 unless told, which is a packet for each frame. */
  readonly audioPesMillis?: number
  /** The clock reference is this far before the DTS, beside `audioPesMillis`. 100 unless told, as in MediaMTX. */
  readonly leadMillis?: number
  /** Announce a stream of timed ID3. */
  readonly metadata?: boolean
}

/** Clock references may be 100 ms apart (§2.7.2): sound gives one when pictures leave a gap that its next frame widens. */
const maxPcrGap = 50 * ticksPerMilli
/** A clock that steps back by more than this has been restarted, not interleaved a little out of order. */
const maxPcrStepBack = 1000 * ticksPerMilli

const psiLength = 2 * packetLength

const id3Stream: ElementaryStream = { pid: Pid.Metadata, type: StreamType.Metadata, descriptors: id3Descriptors }

const pesStream = (pid: number): PesStream => ({ pid, counter: 0 })

export class TsMux {
  readonly #published: boolean
  readonly #psiTicks: number
  readonly #audioPesTicks: number
  readonly #lead: number
  readonly #metadata: PesStream | undefined
  #video: TsVideo | undefined
  readonly #videoPes = pesStream(Pid.Video)
  #audio: TsAudio | undefined
  #audioPes = pesStream(Pid.Audio)
  /** Counters of streams that went, for when they come back. */
  readonly #audioStreams = new Map<number, PesStream>()
  #program: Program = { streams: [], pcrPid: Pid.Null, version: 0 }
  #psiCounter = 0
  /** The tables are the last thing that was written. */
  #psiFresh = false
  #psiStale = true
  #lastPsi = 0
  #lastPcr = -Infinity
  readonly #times: PesTimes = { pts: 0, dts: 0, pcr: undefined, randomAccess: false }
  /** Sound for the next PES packet, and its bytes there. */
  readonly #held: Array<MediaFrame> = []
  #heldLength = 0
  /** So many of them, from the first on, are copies. */
  #heldCopies = 0

  constructor(options: TsMuxOptions = {}) {
    const { audioPesMillis = 0, leadMillis = 100, metadata = false, psiMillis = 500, published = false } = options
    this.#published = published
    this.#psiTicks = psiMillis * ticksPerMilli
    this.#audioPesTicks = audioPesMillis * ticksPerMilli
    this.#lead = (leadMillis + audioPesMillis) * ticksPerMilli
    this.#metadata = metadata ? pesStream(Pid.Metadata) : undefined
    if (metadata) this.#updateProgram()
  }

  /** What the tables announce. */
  get program(): Program {
    return this.#program
  }

  /** Continuity counter of the next packet of a PID, 0 for one that was never written. */
  nextCounter(pid: number): number {
    if (pid === Pid.Pat || pid === Pid.Pmt) return this.#psiCounter & 0x0f
    const stream = pid === Pid.Video ? this.#videoPes : this.#audioStreams.get(pid)
    return (stream?.counter ?? 0) & 0x0f
  }

  /** Takes note of a header; sound of the configuration before must have been flushed. */
  learn(header: MediaFrame): void {
    if (header.track !== 0 || !isConfiguration(header)) return
    if (header.kind === Kind.Video) {
      this.#learnVideo(header.codec)
      this.#video?.configure(header.data)
    } else if (header.kind === Kind.Audio) {
      this.#learnAudio(header)
      this.#audio?.configure(header.data)
    }
  }

  /** Writes a frame, or takes note of a header. True if the frame is part of the transport stream. */
  write(frame: MediaFrame, out: SlabWriter): boolean {
    if (frame.track !== 0) return false
    if (frame.header) {
      if (frame.kind === Kind.Audio) this.flush(out)
      this.learn(frame)
      return false
    }
    if (!isCoded(frame)) return false
    return frame.kind === Kind.Video ? this.#writeVideo(frame, out) : this.#writeAudio(frame, out)
  }

  /** Sound that waits has bytes of its own: nothing is kept of frames that were written. */
  copyHeld(): void {
    const held = this.#held
    while (this.#heldCopies < held.length) held[this.#heldCopies] = held[this.#heldCopies++].withOwnBytes()
  }

  /** The tables, for the beginning of a segment. */
  writePsi(out: SlabWriter): void {
    const slab = out.reserve(psiLength)
    this.#putPsi(slab.bytes, slab.used, this.#lastPsi)
    out.commit(slab, psiLength)
  }

  /** Writes the sound that waits for more to share a PES packet. */
  flush(out: SlabWriter): void {
    const audio = this.#audio
    if (audio === undefined || this.#held.length === 0) return
    const stream = this.#audioPes
    const dts = this.#ticks(this.#held[0])
    const psi = this.#needsPsi(dts)
    const leads = this.#program.pcrPid === stream.pid
    const times = this.#timesAt(dts, 0, leads)
    times.pcr = leads || dts - this.#lead - this.#lastPcr > maxPcrGap ? this.#nextPcr(dts) : undefined
    // Pictures are missing, whose packets would have the clock reference: a packet of their PID takes it alone.
    const gapPcr = leads ? undefined : times.pcr
    if (!leads) times.pcr = undefined
    const before = (psi ? psiLength : 0) + (gapPcr === undefined ? 0 : packetLength)
    const pesLength = pesHeaderLength(times) + this.#heldLength
    const length = before + transportPackets(times, pesLength) * packetLength
    const slab = out.reserve(length)
    const { bytes, used: at } = slab
    if (psi) this.#putPsi(bytes, at, dts)
    if (gapPcr !== undefined) {
      const { counter, pid } = this.#videoPes
      writeAdaptationPacket(bytes, at + before - packetLength, pid, counter - 1, AdaptationFlag.Pcr, gapPcr)
    }
    let to = at + length - pesLength
    writePesHeader(bytes, to, audio.streamId, 0, times, this.#heldLength)
    to += pesHeaderLength(times)
    for (const frame of this.#held) to = audio.write(frame, bytes, to)
    spreadPes(bytes, at + before, stream, times, pesLength)
    out.commit(slab, length)
    this.#psiFresh = false
    this.#held.length = 0
    this.#heldLength = 0
    this.#heldCopies = 0
  }

  /** A whole ID3 tag (`id3Tag`) of at most 64 KB; false if it is longer, or `metadata` was not announced. */
  writeId3(timestamp: number, tag: Uint8Array, out: SlabWriter): boolean {
    const stream = this.#metadata
    if (stream === undefined || tag.length > maxTimedPayload) return false
    const times = this.#timesAt(timestamp * ticksPerMilli, 0, false)
    const header = pesHeaderLength(times)
    const pesLength = header + tag.length
    const length = transportPackets(times, pesLength) * packetLength
    const slab = out.reserve(length)
    const at = slab.used + length - pesLength
    writePesHeader(slab.bytes, at, StreamId.Private1, DataAlignment, times, tag.length)
    slab.bytes.set(tag, at + header)
    spreadPes(slab.bytes, slab.used, stream, times, pesLength)
    out.commit(slab, length)
    this.#psiFresh = false
    return true
  }

  #writeVideo(frame: MediaFrame, out: SlabWriter): boolean {
    this.#learnVideo(frame.codec)
    const video = this.#video
    const payload = video?.measure(frame) ?? 0
    if (video === undefined || payload === 0) return false
    const dts = this.#ticks(frame)
    const psi = video.isKeyframe ? !this.#psiFresh : this.#needsPsi(dts)
    // Sound from before a random access point stands before it.
    if (this.#held.length > 0 && (psi || this.#isHeldLongEnough(dts))) this.flush(out)
    const times = this.#timesAt(dts, frame.compositionOffset, video.isKeyframe)
    times.pcr = this.#nextPcr(dts)
    const header = pesHeaderLength(times)
    const pesLength = header + payload
    const before = psi ? psiLength : 0
    const length = before + transportPackets(times, pesLength) * packetLength
    const slab = out.reserve(length)
    const { bytes, used: at } = slab
    if (psi) this.#putPsi(bytes, at, dts)
    const pesAt = at + length - pesLength
    writePesHeader(bytes, pesAt, StreamId.Video, 0, times, payload)
    video.write(bytes, pesAt + header)
    spreadPes(bytes, at + before, this.#videoPes, times, pesLength)
    out.commit(slab, length)
    this.#psiFresh = false
    return true
  }

  #writeAudio(frame: MediaFrame, out: SlabWriter): boolean {
    if (this.#audio?.carries(frame.codec) !== true) {
      this.flush(out)
      this.#learnAudio(frame)
    }
    const length = this.#audio?.measure(frame) ?? 0
    if (length === 0) return false
    const full = this.#heldLength + length > maxTimedPayload
    if (this.#held.length > 0 && (full || this.#isHeldLongEnough(this.#ticks(frame)))) this.flush(out)
    this.#held.push(frame)
    this.#heldLength += length
    if (this.#audioPesTicks === 0) this.flush(out)
    return true
  }

  #isHeldLongEnough(dts: number): boolean {
    return Math.abs(dts - this.#ticks(this.#held[0])) >= this.#audioPesTicks
  }

  #ticks(frame: MediaFrame): number {
    return (this.#published ? frame.published : frame.timestamp) * ticksPerMilli
  }

  /** Presentation before decoding exists in no transport stream: such an offset counts as none. */
  #timesAt(dts: number, compositionOffset: number, randomAccess: boolean): PesTimes {
    const times = this.#times
    times.dts = dts
    times.pts = compositionOffset > 0 ? dts + compositionOffset * ticksPerMilli : dts
    times.pcr = undefined
    times.randomAccess = randomAccess
    return times
  }

  /** The clock reference for a DTS, or undefined where the clock is that far already. */
  #nextPcr(dts: number): number | undefined {
    const pcr = dts - this.#lead
    if (pcr <= this.#lastPcr && pcr > this.#lastPcr - maxPcrStepBack) return undefined
    this.#lastPcr = pcr
    return pcr
  }

  #needsPsi(dts: number): boolean {
    if (this.#psiFresh) return false
    return this.#psiStale || Math.abs(dts - this.#lastPsi) >= this.#psiTicks
  }

  #putPsi(bytes: Uint8Array, at: number, dts: number): void {
    writePat(bytes, at, this.#psiCounter)
    writePmt(bytes, at + packetLength, this.#psiCounter, this.#program)
    this.#psiCounter++
    this.#lastPsi = dts
    this.#psiStale = false
    this.#psiFresh = true
  }

  #learnVideo(codec: number): void {
    if (this.#video?.carries(codec) === true) return
    const video = TsVideo.of(codec)
    if (video === undefined) return
    this.#video = video
    this.#updateProgram()
  }

  #learnAudio(first: MediaFrame): void {
    if (this.#audio?.carries(first.codec) === true) return
    const audio = tsAudio(first)
    if (audio === undefined) return
    this.#audio = audio
    const { pid } = audio.stream
    this.#audioPes = this.#audioStreams.get(pid) ?? pesStream(pid)
    this.#audioStreams.set(pid, this.#audioPes)
    this.#updateProgram()
  }

  /** Sound first, as SRS has it. */
  #updateProgram(): void {
    const streams: Array<ElementaryStream> = []
    if (this.#audio !== undefined) streams.push(this.#audio.stream)
    if (this.#video !== undefined) streams.push(this.#video.stream)
    if (this.#metadata !== undefined) streams.push(id3Stream)
    const pcrPid = this.#video?.stream.pid ?? this.#audio?.stream.pid ?? Pid.Null
    const { version } = this.#program
    this.#program = { streams, pcrPid, version: this.#psiStale ? version : version + 1 }
    this.#psiStale = true
    this.#psiFresh = false
  }
}
