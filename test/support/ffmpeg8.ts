/**
 * FFmpeg 8.1, which speaks Enhanced RTMP, as a program of two uses: `publish FILE URL` and `play URL`. Both say each
 * packet as `ffprobe -show_packets` does, with the name of its codec. It is a process of its own
 * because a fault of the native library must end that process and not the tests.
 */
import { AVMEDIA_TYPE_AUDIO } from "node-av/constants"
import { avGetCodecName, Dictionary, FFmpegError, FormatContext, Packet, type Stream } from "node-av/lib"
import { adler32 } from "./flvReader.ts"

const check = (status: number, what: string): void => FFmpegError.throwIfError(status, what)
const milliseconds = { num: 1, den: 1000 }

/** Milliseconds, whatever the time base. */
const say = (packet: Packet, stream: Stream): void => {
  const data = packet.data ?? new Uint8Array(0)
  const kind = stream.codecpar.codecType === AVMEDIA_TYPE_AUDIO ? "audio" : "video"
  const flags = packet.isKeyframe ? "K_" : "__"
  const hash = `adler32:${adler32(data).toString(16)}`
  console.log(
    `[PACKET]\ncodec_type=${kind}\ncodec_name=${avGetCodecName(stream.codecpar.codecId)}\npts=${packet.pts}\n` +
      `dts=${packet.dts}\nsize=${data.length}\nflags=${flags}\ndata_hash=${hash}\n[/PACKET]`
  )
}

const publish = async (file: string, url: string): Promise<void> => {
  await using input = new FormatContext()
  check(await input.openInput(file), "openInput")
  check(await input.findStreamInfo(), "findStreamInfo")
  await using output = new FormatContext()
  check(output.allocOutputContext2(null, "flv", url), "allocOutputContext2")
  const streams = (input.streams ?? []).map((stream) => {
    const copy = output.newStream()
    check(stream.codecpar.copy(copy.codecpar), "codecpar")
    copy.codecpar.codecTag = 0
    return [stream, copy] as const
  })
  check(await output.openOutput(), "openOutput")
  check(await output.writeHeader(), "writeHeader")
  using packet = new Packet()
  packet.alloc()
  while ((await input.readFrame(packet)) >= 0) {
    const [from, to] = streams[packet.streamIndex]!
    packet.rescaleTs(from.timeBase, milliseconds)
    say(packet, to)
    check(await output.interleavedWriteFrame(packet), "interleavedWriteFrame")
  }
  check(await output.writeTrailer(), "writeTrailer")
}

const play = async (url: string): Promise<void> => {
  await using input = new FormatContext()
  const options = Dictionary.fromObject({ rtmp_enhanced_codecs: "av01,hvc1,vp09,Opus,fLaC,ac-3,ec-3,mp4a" })
  check(await input.openInput(url, null, options), "openInput")
  check(await input.findStreamInfo(), "findStreamInfo")
  using packet = new Packet()
  packet.alloc()
  while ((await input.readFrame(packet)) >= 0) {
    say(packet, input.streams![packet.streamIndex]!)
    packet.unref()
  }
}

const [use, first, second] = process.argv.slice(2) as [string, string, string]
await (use === "publish" ? publish(first, second) : play(first))
