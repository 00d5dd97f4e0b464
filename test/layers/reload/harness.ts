/** A server in memory whose configuration is a file, and RTMP clients that are typed from the specification. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { MachineFacts } from "../../../src/domain/config/refusals.ts"
import { layerAllowAll } from "../../../src/layers/access/Authorizer.ts"
import * as Config from "../../../src/layers/config/Settings.ts"
import * as Memory from "../../../src/layers/transport/Memory.ts"
import { unguarded } from "../../../src/server.ts"
import { Dash } from "../../../src/services/Dash.ts"
import { Forwarder } from "../../../src/services/Forwarder.ts"
import { HlsSegmenter } from "../../../src/services/HlsSegmenter.ts"
import { Listeners } from "../../../src/services/Listeners.ts"
import { Reload } from "../../../src/services/Reload.ts"
import { ServerIdentity } from "../../../src/services/ServerIdentity.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { Transport } from "../../../src/services/Transport.ts"
import { Client, tick } from "../rtmp/memoryClient.ts"

const facts: MachineFacts = { docker: false, localAddresses: 1, openFiles: Infinity }

export const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-reload-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Until the end of the test. */
export const start = Effect.fnUntraced(function* (text: string) {
  const file = join(yield* directory, "server.conf")
  const write = (next: string): void => writeFileSync(file, next)
  write(text)
  const identity = Layer.succeed(ServerIdentity, { server: "test", service: "test", pid: 1 })
  const settingsLayer = Config.layer({ _tag: "File", path: file }, { environment: {}, facts })
  const ground = Layer.mergeAll(layerAllowAll, settingsLayer, Memory.layerMemory, identity)
  const services = yield* Layer.build(Layer.provideMerge(unguarded, ground))
  const reload = Context.get(services, Reload)

  const connect = Effect.fnUntraced(function* (port: number) {
    const endpoint = { host: "127.0.0.1", port }
    const connection = yield* Context.get(services, Transport).connect(endpoint, { timeoutMillis: 1000 })
    const client = new Client(connection as Memory.MemoryConnection)
    yield* Effect.forkScoped(client.run)
    client.connect(`rtmp://localhost:${port}/live`)
    yield* tick
    client.call(0, "createStream", 2, null)
    return client
  })

  return {
    file,
    transport: Context.get(services, Transport),
    write,
    reload,
    settings: Context.get(services, Settings),
    /** Puts a text in force. */
    apply: (next: string) =>
      Effect.andThen(
        Effect.sync(() => write(next)),
        reload.run
      ),
    listening: () =>
      Context.get(services, Listeners)
        .all()
        .map(({ name, port }) => `${name} ${port}`)
        .sort(),
    forwards: () =>
      Context.get(services, Forwarder)
        .all()
        .map(({ url }) => url)
        .sort(),
    /** Where `live/cam` is listed, of HLS and of DASH, as the settings have it. */
    listed: () => {
      const vhost = Context.get(services, Settings).vhost("__defaultVhost__")
      if (vhost === undefined) return {}
      const { dash, hls, name } = vhost
      const found = (finder: { readonly find: (vhost: string, path: string) => unknown }, template: string) => {
        const path = template.replace("[app]", "live").replace("[stream]", "cam")
        return finder.find(name, path) === undefined ? `${path} is not there` : path
      }
      return {
        hls: hls.enabled ? found(Context.get(services, HlsSegmenter), hls.playlistFile) : "off",
        dash: dash.enabled ? found(Context.get(services, Dash), dash.mpdFile) : "off"
      }
    },
    connect,
    publisher: Effect.fnUntraced(function* (name: string, port = 1935) {
      const client = yield* connect(port)
      client.call(1, "publish", 3, null, name, "live")
      yield* tick
      return client
    }),
    player: Effect.fnUntraced(function* (name: string, port = 1935) {
      const client = yield* connect(port)
      client.call(1, "play", 3, null, name)
      yield* tick
      return client
    })
  }
})
