/** FFmpeg, rtmpdump, GStreamer and mpv as publishers and players. */
import { join } from "node:path"
import { FlvReader, type Packet, type Tag } from "./flvReader.ts"
import { Program, type ProgramOptions, words } from "./program.ts"

/** A player whose packets arrive on its standard output. */
export class Player extends Program {
  readonly packets: Array<Packet>
  /** Empty unless the player writes FLV. */
  readonly tags: ReadonlyArray<Tag>

  constructor(command: ReadonlyArray<string>, makeReader: () => PacketReader, options?: ProgramOptions) {
    super(command, options)
    const reader = makeReader()
    this.packets = reader.packets
    this.tags = reader.tags ?? []
    this.out.listen((bytes) => reader.push(bytes))
  }

  /** Waits until a packet with the contents of this one has arrived. */
  async received(last: Packet): Promise<void> {
    let looked = 0
    await this.until(`it received the packet of ${last.dts} ms`, () => {
      while (looked < this.packets.length) {
        const packet = this.packets[looked++]!
        if (packet.kind === last.kind && packet.crc === last.crc && packet.size === last.size) return true
      }
      return undefined
    })
  }

  async receivedCount(count: number): Promise<void> {
    await this.until(`it received ${count} packets`, () => (this.packets.length >= count ? true : undefined))
  }

  /** Waits until the last video and the last audio packet of a clip have arrived. */
  async receivedEndOf(packets: ReadonlyArray<Packet>): Promise<void> {
    for (const kind of ["video", "audio"] as const) {
      const last = packets.findLast((packet) => packet.kind === kind)
      if (last !== undefined) await this.received(last)
    }
  }
}

export interface PacketReader {
  readonly packets: Array<Packet>
  /** Of a player that writes FLV. */
  readonly tags?: Array<Tag>
  readonly push: (bytes: Uint8Array) => void
}

/**
 * Reads what `ffprobe -show_packets` says: `[PACKET]`, a `key=value` a line, `[/PACKET]`; or as `-of compact` has it,
 * `packet|key=value|…`, in lines of its own what follows side data. The last key of a packet is `data_hash`.
 */
export class ProbeReader implements PacketReader {
  readonly packets: Array<Packet> = []
  #fields = new Map<string, string>()
  #pending = ""

  readonly push = (bytes: Uint8Array): void => {
    const lines = (this.#pending + Buffer.from(bytes).toString()).split("\n")
    this.#pending = lines.pop()!
    for (const line of lines) {
      for (const field of line.split("|")) {
        const [key, value] = field.split("=") as [string, string | undefined]
        if (value !== undefined) this.#fields.set(key, value)
        if (key === "data_hash") this.#packet()
      }
    }
  }

  #packet(): void {
    const fields = this.#fields
    this.#fields = new Map()
    const kind = fields.get("codec_type")
    // FFmpeg 8.1 makes an empty packet without time of a channel configuration that comes before all else.
    if ((kind !== "audio" && kind !== "video") || fields.get("size") === "0") return
    this.packets.push({
      kind,
      dts: Number(fields.get("dts")),
      pts: Number(fields.get("pts")),
      size: Number(fields.get("size")),
      crc: Number.parseInt(fields.get("data_hash")!.replace("adler32:", ""), 16),
      keyframe: fields.get("flags")!.startsWith("K")
    })
  }
}

const ffmpeg = words("ffmpeg -hide_banner -nostdin")
const flvReader = (): PacketReader => {
  const reader = new FlvReader()
  return { packets: reader.packets, tags: reader.tags, push: (bytes) => reader.push(bytes) }
}

export interface PlayOptions extends ProgramOptions {
  /** How much FFmpeg says on its standard error; `debug` by default, which has the play command. */
  readonly level?: "debug" | "info"
  readonly input?: ReadonlyArray<string>
}

export interface PublishOptions extends PlayOptions {
  /** At the pace of the clip; otherwise as fast as it goes. */
  readonly realTime?: boolean
  readonly output?: ReadonlyArray<string>
}

/** FFmpeg publishes a file without encoding it. Says `frame=N` on its standard output as it goes on. */
export const publish = (path: string, url: string, options: PublishOptions = {}): Program =>
  new Program(
    [
      ...ffmpeg,
      ...words("-v warning -progress pipe:1 -stats_period 0.1"),
      ...(options.realTime === true ? ["-re"] : []),
      ...(options.input ?? []),
      "-i",
      path,
      ...words("-map 0 -c copy"),
      ...(options.output ?? []),
      "-f",
      "flv",
      url
    ],
    options
  )

/**
 * FFmpeg plays and says each packet as it came: `ffprobe`, because `ffmpeg` holds the last ones back to interleave them.
 * It says `Sending play command` some 40 ms before it does: what must reach it waits for the server (`plays`).
 */
export const play = (url: string, options: PlayOptions = {}): Player =>
  new Player(
    [
      ...words(`stdbuf -oL ffprobe -hide_banner -v ${options.level ?? "debug"}`),
      // A stream of one track would be looked at for 5 s of its time before the first packet comes out.
      ...words("-analyzeduration 1000000 -show_entries packet=codec_type,pts,dts,size,flags,data_hash"),
      // A packet a line is a seventh of the writes.
      ...words("-show_data_hash adler32 -of compact"),
      ...(options.input ?? []),
      url
    ],
    () => new ProbeReader(),
    options
  )

/** What decoding gave: one line a picture with its contents, and all that the decoders complained about. */
export interface Decoded {
  readonly pictures: ReadonlyArray<string>
  readonly complaints: ReadonlyArray<string>
}

/**
 * FFmpeg plays and decodes so many pictures, and the sound beside them, and ends by itself. Ask for fewer than there are:
 * a decoder gives its last pictures out only at the end of the stream, which live has not.
 */
export const decode = async (url: string, pictures: number, options: PlayOptions = {}): Promise<Decoded> => {
  await using program = new Program(
    [
      ...ffmpeg,
      ...words("-v error"),
      ...(options.input ?? []),
      "-i",
      url,
      ...words(`-map 0:v -fps_mode passthrough -frames:v ${pictures} -f framecrc pipe:2`),
      ...words(`-map 0:a? -frames:a ${pictures} -f null -`)
    ],
    options
  )
  await program.succeeded()
  return readDecoded(program.err.text())
}

/** What decoding a file gives, to compare with. */
export const decodeFile = async (path: string): Promise<Decoded> => {
  await using program = new Program([
    ...ffmpeg,
    ...words("-v error -i"),
    path,
    ...words("-map 0:v -fps_mode passthrough -f framecrc pipe:2")
  ])
  await program.succeeded()
  return readDecoded(program.err.text())
}

const readDecoded = (text: string): Decoded => {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  const picture = /^0, +-?\d+, +-?\d+, +\d+, +(\d+), (0x[0-9a-f]{8})/
  return {
    pictures: lines.flatMap((line) => line.match(picture)?.slice(1).join(" ") ?? []),
    complaints: lines.filter((line) => !picture.test(line))
  }
}

const ffmpeg8 = [process.execPath, join(import.meta.dir, "ffmpeg8.ts")]

/** FFmpeg 8.1 publishes a file, and says each packet that it sends. */
export const publish8 = (path: string, url: string, options?: ProgramOptions): Player =>
  new Player([...ffmpeg8, "publish", path, url], () => new ProbeReader(), options)

/** FFmpeg 8.1 plays, and says each packet as it came. */
export const play8 = (url: string, options?: ProgramOptions): Player =>
  new Player([...ffmpeg8, "play", url], () => new ProbeReader(), options)

/** rtmpdump plays and writes FLV. */
export const rtmpdump = (url: string, options?: ProgramOptions): Player =>
  new Player(words(`stdbuf -o0 rtmpdump --live -q -r ${url} -o -`), flvReader, options)

const gst = words("gst-launch-1.0 -q -e")

/** GStreamer's own RTMP client plays and writes FLV. */
export const rtmp2src = (url: string, options?: ProgramOptions): Player =>
  new Player([...gst, ...words(`rtmp2src location=${url} ! fdsink fd=1 sync=false`)], flvReader, options)

/** GStreamer plays through librtmp and writes FLV. */
export const rtmpsrc = (url: string, options?: ProgramOptions): Player =>
  new Player(
    [...gst, "rtmpsrc", "blocksize=1", `location=${url} live=1`, ...words("! fdsink fd=1 sync=false")],
    flvReader,
    options
  )

const remux = (path: string, sink: string): Array<string> => [
  ...gst,
  ...words(`filesrc location=${path} ! flvdemux name=in flvmux name=out streamable=true ! ${sink}`),
  ...words("in.video ! queue ! h264parse ! out.video in.audio ! queue ! aacparse ! out.audio")
]

/** GStreamer publishes an FLV file with H.264 and AAC. */
export const rtmp2sink = (path: string, url: string, options?: ProgramOptions): Program =>
  new Program(remux(path, `rtmp2sink location=${url}`), options)

/** Writes a file with what `rtmp2sink` publishes: `flvmux` sets the times anew. */
export const sinkFile = (path: string, file: string): Program => new Program(remux(path, `filesink location=${file}`))

/** mpv plays so many pictures in real time, without display or sound card, and ends. */
export const mpv = (url: string, pictures: number, options?: ProgramOptions): Program =>
  new Program(
    [...words("mpv --no-config --vo=null --ao=null --hwdec=no --msg-level=all=error"), `--frames=${pictures}`, url],
    options
  )
