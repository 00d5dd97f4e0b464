/** The page: a list of live streams, or the player of one, by its address. */
import { render } from "preact"
import { useEffect, useState } from "preact/hooks"
import { wantedOf } from "./address.ts"
import { followed } from "./followed.ts"
import { Player } from "./Player.tsx"
import { StreamList } from "./StreamList.tsx"
import { fetchStreams, type StreamList as List } from "./streams.ts"

const refreshMillis = 3000

/** The list, fetched again and again while the page can be seen. */
const useStreams = (): { readonly list: List | undefined; readonly problem: string } => {
  const [list, setList] = useState<List>()
  const [problem, setProblem] = useState("")
  useEffect(() => {
    let timer = 0
    const refresh = async () => {
      try {
        if (!document.hidden) setList(await fetchStreams())
        setProblem("")
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error))
      }
      timer = window.setTimeout(refresh, refreshMillis)
    }
    void refresh()
    return () => clearTimeout(timer)
  }, [])
  return { list, problem }
}

const App = () => {
  const [search, setSearch] = useState(location.search)
  const { list, problem } = useStreams()
  useEffect(() => {
    const follow = () => setSearch(location.search)
    addEventListener("popstate", follow)
    return () => removeEventListener("popstate", follow)
  }, [])
  const go = (address: string) => {
    history.pushState(null, "", address)
    setSearch(location.search)
    scrollTo(0, 0)
  }
  const wanted = wantedOf(search)
  const count = list?.streams.length ?? 0
  const viewers = list?.streams.reduce((sum, stream) => sum + stream.viewers, 0) ?? 0
  return (
    <>
      <header class="bar">
        <a class="brand" href="/" onClick={followed(go)}>
          <Mark />
          <span>Live streams</span>
        </a>
        <p class="tally" role="status">
          {problem === "" ? (
            list === undefined || list.hidden ? null : (
              <>
                <b>{count}</b> {count === 1 ? "stream" : "streams"} <i aria-hidden="true">·</i> <b>{viewers}</b>{" "}
                {viewers === 1 ? "viewer" : "viewers"}
              </>
            )
          ) : (
            <span class="trouble">Server not reached: {problem}</span>
          )}
        </p>
      </header>
      <main>
        {wanted === undefined ? (
          <StreamList list={list} go={go} />
        ) : (
          <Player key={search} wanted={wanted} list={list} go={go} />
        )}
      </main>
    </>
  )
}

const Mark = () => (
  <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
    <rect width="32" height="32" rx="8" class="mark" />
    <path
      d="M6 11c3.4 0 3.4 3 6.7 3s3.3-3 6.6-3 3.4 3 6.7 3M6 18c3.4 0 3.4 3 6.7 3s3.3-3 6.6-3 3.4 3 6.7 3"
      fill="none"
      stroke="#fff"
      stroke-width="2.6"
      stroke-linecap="round"
    />
  </svg>
)

render(<App />, document.getElementById("page") as HTMLElement)
