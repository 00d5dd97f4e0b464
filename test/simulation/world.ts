/** The server of a simulation: the real composition, with a witness where frames and decisions pass. */
import * as Layer from "effect/Layer"
import * as Settings from "../../src/layers/config/Settings.ts"
import * as HttpCalls from "../../src/layers/httpCalls/HttpCalls.ts"
import * as HttpGateway from "../../src/layers/http/HttpGateway.ts"
import * as HttpListeners from "../../src/layers/http/HttpListeners.ts"
import * as ListenersLayer from "../../src/layers/listeners/Listeners.ts"
import * as SessionsLayer from "../../src/layers/sessions/Sessions.ts"
import * as GopCache from "../../src/layers/source/GopCache.ts"
import * as PlaybackLayer from "../../src/layers/source/Playback.ts"
import * as SourceRegistryLayer from "../../src/layers/source/SourceRegistry.ts"
import { protocols } from "../../src/server.ts"
import { ServerIdentity } from "../../src/services/ServerIdentity.ts"
import { Transport } from "../../src/services/Transport.ts"
import type { Plant } from "./plants.ts"
import { noPlant } from "./plants.ts"
import type { Witness } from "./Witness.ts"

/** One vhost for each way that sources and deliveries can be set. */
const configuration = `
listen 1935;
max_connections 100;
http_server { enabled on; listen 8080; }
vhost __defaultVhost__ {
  http_remux { enabled on; }
  play { queue_length 10; }
}
vhost takeover.test {
  min_latency on;
  http_remux { enabled on; }
  play { queue_length 10; mw_latency 100; }
  publish { on_conflict takeover; }
}
vhost grace.test {
  http_remux { enabled on; }
  play { queue_length 10; gop_cache off; }
  publish { on_conflict takeover; grace 8; normal_timeout 20000; }
}
vhost small.test {
  chunk_size 128;
  http_remux { enabled on; }
  play { queue_length 10; gop_cache_max_frames 20; }
  publish { grace 3; }
}
vhost forward.test {
  http_remux { enabled on; }
  play { queue_length 10; }
  forward { enabled on; destination rtmp://forwarded.test:1935/[app]/[stream]; }
}
vhost forwarded.test {
  http_remux { enabled on; }
  play { queue_length 10; }
}
`

/** What the file becomes while the server runs: what is changed here changes no invariant; the last one is refused. */
const versions = [
  configuration,
  configuration.replace("mw_latency 100;", "mw_latency 20; gop_cache_max_frames 400;").replace("128", "4096"),
  configuration.replace("listen 1935;", "listen 1935 1936; chunk_size 1000;").replace("min_latency on;", ""),
  `${configuration} vhost more.test { publish { on_conflict sometimes; } }`
]

/** A configuration file that somebody edits. */
export class EditedConfiguration {
  readonly _tag = "Text"
  text = configuration

  edit(version: number): void {
    this.text = versions[version % versions.length]
  }
}

/** Versions that `edit` tells apart. */
export const configurationVersions = versions.length

/** By URL without scheme: what publishers publish. */
export const published = [
  "default.test/live/a",
  "default.test/live/b",
  "takeover.test/live/a",
  "grace.test/live/a",
  "small.test/live/a",
  "forward.test/live/a"
]

/** What the server publishes itself, as it forwards one of them. */
export const forwarded = "forwarded.test/live/a"

/** What viewers view. */
export const viewed = [...published, forwarded]

/** Viewers of the stream start at the keyframe that is kept. */
export const gopCached = (stream: string): boolean => !stream.startsWith("grace.test")

export const serverLayer = (
  transport: Transport["Service"],
  witness: Witness,
  configuration: EditedConfiguration,
  plant: Plant = noPlant
) => {
  const ground = Layer.mergeAll(
    Settings.layer(configuration, { environment: {} }),
    Layer.succeed(Transport, transport),
    Layer.succeed(ServerIdentity, { server: "vid-0000000", service: "00000000", pid: 1 })
  )
  const registry = witness.registry.pipe(Layer.provide(SourceRegistryLayer.layer))
  const core = plant
    .playback(PlaybackLayer.layer)
    .pipe(
      Layer.provideMerge(plant.registry(registry)),
      Layer.provideMerge(
        Layer.mergeAll(GopCache.layer, SessionsLayer.layer, plant.authorizer(witness.authorizer), ListenersLayer.layer)
      )
    )
  return HttpListeners.layer.pipe(
    Layer.provideMerge(protocols),
    Layer.provideMerge(HttpGateway.layer),
    Layer.provideMerge(core),
    Layer.provide(HttpCalls.layer),
    Layer.provideMerge(ground)
  )
}
