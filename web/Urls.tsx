/** URLs and commands for other programs, to be copied. */
import { useState } from "preact/hooks"
import type { Stream } from "./streams.ts"

interface UrlsProps {
  readonly urls: ReadonlyMap<string, string>
  readonly stream: Stream
}

/** For a shell: names come from the network. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

export const Urls = ({ stream, urls }: UrlsProps) => {
  const best = urls.get("RTMP") ?? urls.get("HTTP-FLV") ?? urls.get("HLS")
  const web = urls.get("HTTP-FLV") ?? urls.get("HLS") ?? best
  const rows: ReadonlyArray<readonly [name: string, text: string]> = [
    ...(best === undefined ? [] : ([["FFmpeg", `ffplay -fflags nobuffer ${quoted(best)}`]] as const)),
    ...(web === undefined ? [] : ([["VLC", web]] as const)),
    ...(best === undefined ? [] : ([["OBS media source", best]] as const)),
    ["OBS publish", urls.get("RTMP")?.replace(/\/[^/]*$/, "") ?? `rtmp://${location.hostname}/${stream.app}`],
    ...urls
  ]
  return (
    <section class="urls" aria-labelledby="urls">
      <h2 id="urls">Play it elsewhere</h2>
      <ul>
        {rows.map(([name, text]) => (
          <Row key={name} name={name} text={text} />
        ))}
      </ul>
    </section>
  )
}

/** The clipboard's own interface is there only on secure pages. */
const copy = async (text: string): Promise<boolean> => {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false
    )
  }
  const area = document.createElement("textarea")
  area.value = text
  document.body.append(area)
  area.select()
  const done = document.execCommand("copy")
  area.remove()
  return done
}

const Row = ({ name, text }: { readonly name: string; readonly text: string }) => {
  const [state, setState] = useState("")
  const click = async () => {
    setState((await copy(text)) ? "Copied" : "Select it by hand")
    setTimeout(() => setState(""), 1600)
  }
  return (
    <li>
      <span class="tool">{name}</span>
      <code>{text}</code>
      <button type="button" onClick={click} aria-label={`Copy the URL for ${name}`}>
        <span aria-live="polite">{state === "" ? "Copy" : state}</span>
      </button>
    </li>
  )
}
