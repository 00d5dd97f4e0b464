/** The live streams as cards with a picture each. */
import { useEffect, useRef, useState } from "preact/hooks"
import { playerAddress } from "./address.ts"
import { followed } from "./followed.ts"
import { takePicture } from "./preview.ts"
import { type Stream, streamTitle, type StreamList as List, waysOf } from "./streams.ts"

interface ListProps {
  readonly list: List | undefined
  readonly go: (address: string) => void
}

const noParameters = new URLSearchParams()

export const StreamList = ({ go, list }: ListProps) => {
  useEffect(() => {
    document.title = "Live streams"
  }, [])
  if (list === undefined)
    return (
      <p class="quiet" role="status">
        Asking the server…
      </p>
    )
  return (
    <>
      <h1 class="unseen">Live streams</h1>
      {list.streams.length === 0 ? <Nothing hidden={list.hidden} /> : null}
      <ul class="cards">
        {list.streams.map((stream) => (
          <Card key={streamTitle(stream)} stream={stream} go={go} />
        ))}
      </ul>
      <OpenByName go={go} />
    </>
  )
}

const Nothing = ({ hidden }: { readonly hidden: boolean }) => (
  <section class="nothing">
    <h2>{hidden ? "The list is hidden" : "Nothing is live"}</h2>
    {hidden ? (
      <p>This server asks for a password at its API. Open a stream by its name.</p>
    ) : (
      <>
        <p>Publish a stream, and it appears here. In OBS: Settings, Stream, Custom, then this server and a key.</p>
        <pre>{`rtmp://${location.hostname}/live`}</pre>
      </>
    )}
  </section>
)

const Card = ({ go, stream }: { readonly stream: Stream; readonly go: (address: string) => void }) => {
  const { audio, video, viewers } = stream
  const title = streamTitle(stream)
  return (
    <li>
      <a class="card" href={playerAddress(stream)} onClick={followed(go)}>
        <Picture stream={stream} />
        <span class="live">Live</span>
        <span class="watching">
          {viewers} <span>watching</span>
        </span>
        <strong class="name">{title}</strong>
        <span class="chips">
          {video === null ? null : (
            <>
              <span>{video.codec}</span>
              {video.width === 0 ? null : (
                <span>
                  {video.width}×{video.height}
                </span>
              )}
            </>
          )}
          {audio === null ? null : <span>{audio.codec}</span>}
        </span>
      </a>
    </li>
  )
}

/** Taken once, when the card comes into sight: a look at a stream is a play, with all that the server does for one. */
const Picture = ({ stream }: { readonly stream: Stream }) => {
  const frame = useRef<HTMLSpanElement>(null)
  const [state, setState] = useState<"waiting" | "there" | "none">("waiting")
  const way = waysOf(stream.urls, noParameters).find(({ engine }) => engine === "flv")
  const url = way?.url
  useEffect(() => {
    const element = frame.current
    if (element === null || way === undefined || stream.video === null) return setState("none")
    const control = new AbortController()
    const sight = new IntersectionObserver(async ([entry]) => {
      if (entry?.isIntersecting !== true) return
      sight.disconnect()
      const picture = await takePicture(way, control.signal)
      if (control.signal.aborted) return
      if (picture !== undefined) element.replaceChildren(picture)
      setState(picture === undefined ? "none" : "there")
    })
    sight.observe(element)
    return () => {
      sight.disconnect()
      control.abort()
    }
  }, [url, stream.video === null])
  return (
    <span class={`picture ${state}`}>
      <span ref={frame} class="canvas" />
      {state === "there" ? null : <Glyph sound={stream.video === null} />}
      <span class="play" aria-hidden="true">
        <svg viewBox="0 0 24 24" width="22" height="22">
          <path d="M8 5.5v13l11-6.5z" fill="currentColor" />
        </svg>
      </span>
    </span>
  )
}

const Glyph = ({ sound }: { readonly sound: boolean }) => (
  <svg class="glyph" viewBox="0 0 48 24" aria-hidden="true">
    <path
      d={sound ? "M4 12h4l3-7 5 14 5-18 5 20 5-14 4 9 3-4h6" : "M4 9c5 0 5 5 10 5s5-5 10-5 5 5 10 5 5-5 10-5"}
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </svg>
)

const OpenByName = ({ go }: { readonly go: (address: string) => void }) => {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get("name") ?? "").replace(
      /^\/+|\/+$/g,
      ""
    )
    const slash = text.lastIndexOf("/")
    if (text === "") return
    go(playerAddress({ vhost: "", app: slash > 0 ? text.slice(0, slash) : "live", stream: text.slice(slash + 1) }))
  }
  return (
    <form class="byname" onSubmit={submit}>
      <label for="name">Open by name</label>
      <input id="name" name="name" placeholder="live/livestream" autocomplete="off" spellcheck={false} required />
      <button type="submit">Play</button>
    </form>
  )
}
