/** The player of one stream: the picture, how it goes, and where else it can be played. */
import { useEffect, useRef, useState } from "preact/hooks"
import type { Wanted } from "./address.ts"
import { Chart, type Sample } from "./Chart.tsx"
import { followed } from "./followed.ts"
import { type Playback, type Reading, startPlayback } from "./playback.ts"
import {
  defaultVhost,
  engineOf,
  outsideUrls,
  type Stream,
  type StreamList,
  streamTitle,
  type Way,
  wayOf,
  waysOf
} from "./streams.ts"
import { Urls } from "./Urls.tsx"

const readMillis = 500
/** Readings in the chart. */
const maxSamples = 240

interface PlayerProps {
  readonly wanted: Wanted
  readonly list: StreamList | undefined
  readonly go: (address: string) => void
}

/** A stream that the list does not have: not there yet, or hidden. It is asked for at the usual places. */
const unlisted = ({ app, extension, stream, vhost }: Wanted): Stream => {
  const query = vhost === "" || vhost === defaultVhost ? "" : `?vhost=${encodeURIComponent(vhost)}`
  const path = `${location.host}/${[...app.split("/"), stream].map(encodeURIComponent).join("/")}`
  const places = [`http://${path}.flv`, `ws://${path}.flv`, `http://${path}.m3u8`]
  if (extension === "mpd") places.push(`http://${path}.mpd`)
  return {
    vhost: vhost === "" ? defaultVhost : vhost,
    app,
    stream,
    viewers: 0,
    video: null,
    audio: null,
    urls: places.map((place) => `${place}${query}`)
  }
}

const sameStream =
  (wanted: Wanted) =>
  ({ app, stream, vhost }: Stream) =>
    app === wanted.app && stream === wanted.stream && (wanted.vhost === "" || vhost === wanted.vhost)

/** On another port or with another scheme of this server, if the address says so. */
const moved = (way: Way, { port, schema }: Wanted): Way => {
  const url = new URL(way.url)
  const isWeb = url.protocol.startsWith("http")
  if (isWeb && /^https?$/.test(schema)) url.protocol = `${schema}:`
  if (/^\d{1,5}$/.test(port)) url.port = port
  return wayOf(url) === undefined ? way : { ...way, url: url.href }
}

/** The way that the address names, else the first. */
const firstChoice = (ways: ReadonlyArray<Way>, { extension, schema }: Wanted): string => {
  const webSocket = schema === "ws" || schema === "wss"
  const engine = engineOf(extension)
  const fits = ways.filter((way) => engine === undefined || way.engine === engine)
  const found = fits.find(({ label }) => label.startsWith("WS-") === webSocket) ?? fits[0] ?? ways[0]
  return found?.label ?? ""
}

export const Player = ({ go, list, wanted }: PlayerProps) => {
  const [chosen, setChosen] = useState("")
  const [started, setStarted] = useState(wanted.autostart)
  // What the list says of the stream is taken once, so that a change of its numbers does not start the player anew.
  const [known, setKnown] = useState<Stream>()
  const current = list?.streams.find(sameStream(wanted))
  useEffect(() => {
    if (current !== undefined && known === undefined) setKnown(current)
  }, [current, known])
  useEffect(() => {
    document.title = streamTitle(wanted)
  }, [wanted])
  if (list === undefined)
    return (
      <p class="quiet" role="status">
        Asking the server…
      </p>
    )
  const stream = known ?? current ?? unlisted(wanted)
  const ways = waysOf(stream.urls, wanted.extra).map((way) => moved(way, wanted))
  const label = chosen === "" ? firstChoice(ways, wanted) : chosen
  const way = ways.find((each) => each.label === label)
  return (
    <article class="player">
      <div class="heading">
        <a class="back" href="/" onClick={followed(go)} aria-label="All streams">
          <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path d="M15 5l-7 7 7 7" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
          </svg>
        </a>
        <h1>{streamTitle(stream)}</h1>
        {current === undefined ? <span class="off">Off air</span> : <span class="live">Live</span>}
        {current === undefined ? null : <span class="count">{current.viewers} watching</span>}
      </div>
      <Screen stream={stream} way={way} started={started} start={() => setStarted(true)}>
        <fieldset class="ways">
          <legend class="unseen">Protocol</legend>
          {ways.map((each) => (
            <label key={each.label}>
              <input
                type="radio"
                name="way"
                checked={each.label === label}
                onChange={() => {
                  setChosen(each.label)
                  setStarted(true)
                }}
              />
              <span>{each.label}</span>
            </label>
          ))}
        </fieldset>
      </Screen>
      <Urls urls={outsideUrls(stream, wanted.extra)} stream={stream} />
    </article>
  )
}

interface ScreenProps {
  readonly stream: Stream
  readonly way: Way | undefined
  readonly started: boolean
  readonly start: () => void
  readonly children: preact.ComponentChildren
}

const Screen = ({ children, start, started, stream, way }: ScreenProps) => {
  const video = useRef<HTMLVideoElement>(null)
  // Another way has another element; the choice beside it stays, and with it the focus of who goes through by keys.
  const identity = `${way?.url} ${way?.label}`
  const [problem, setProblem] = useState("")
  const [attempt, setAttempt] = useState(0)
  const [samples, setSamples] = useState<ReadonlyArray<Sample>>([])
  const [reading, setReading] = useState<Reading>()
  useEffect(() => {
    const element = video.current
    if (element === null || way === undefined || !started) return
    let playback: Playback | undefined
    let stopped = false
    setProblem("")
    setSamples([])
    setReading(undefined)
    startPlayback(element, way, (text) => {
      if (!stopped) setProblem(text)
    }).then(
      (begun) => {
        playback = begun
        if (stopped) begun.stop()
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error))
    )
    const timer = setInterval(() => {
      const now = playback?.read()
      if (now === undefined) return
      setReading(now)
      setSamples((before) => [
        ...before.slice(1 - maxSamples),
        { time: Date.now() / 1000, latency: now.latency, buffer: now.buffer }
      ])
    }, readMillis)
    return () => {
      stopped = true
      clearInterval(timer)
      playback?.stop()
    }
  }, [started, attempt, identity])
  return (
    <>
      <div class="screen">
        <video key={identity} ref={video} controls muted playsInline aria-label="Live picture" />
        {started ? null : (
          <button type="button" class="begin" onClick={start} aria-label="Play">
            <svg viewBox="0 0 24 24" width="44" height="44" aria-hidden="true">
              <path d="M8 5.5v13l11-6.5z" fill="currentColor" />
            </svg>
          </button>
        )}
        {problem === "" ? null : (
          <div class="problem" role="alert">
            <p>{problem}</p>
            <button type="button" onClick={() => setAttempt(attempt + 1)}>
              Try again
            </button>
          </div>
        )}
      </div>
      <section class="panel" aria-label="Playback">
        {children}
        <Facts reading={reading} stream={stream} />
        <Chart samples={samples} />
      </section>
    </>
  )
}

const seconds = (value: number | undefined): string => (value === undefined ? "–" : `${value.toFixed(2)} s`)

const bits = (value: number | undefined): string => {
  if (value === undefined) return "–"
  return value < 1e6 ? `${Math.round(value / 1e3)} kb/s` : `${(value / 1e6).toFixed(1)} Mb/s`
}

interface FactsProps {
  readonly reading: Reading | undefined
  readonly stream: Stream
}

const Facts = ({ reading, stream }: FactsProps) => {
  // Where the browser plays by itself, only the server knows.
  const named = [stream.video?.codec, stream.audio?.codec].filter((codec) => codec !== undefined).join(", ")
  const rows: ReadonlyArray<readonly [name: string, value: string, kind?: string]> = [
    ["Latency", seconds(reading?.latency), "latency"],
    ["Buffer", seconds(reading?.buffer), "buffer"],
    ["Resolution", reading === undefined || reading.width === 0 ? "–" : `${reading.width}×${reading.height}`],
    ["Bitrate", bits(reading?.bitrate)],
    ["Dropped", reading === undefined ? "–" : `${reading.dropped} / ${reading.frames}`],
    ["Codec", reading?.codecs || named || "–", "codec"]
  ]
  return (
    <dl class="facts">
      {rows.map(([name, value, kind = ""]) => (
        <div key={name}>
          <dt class={kind}>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
