import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Layer from "effect/Layer"
import * as Authorizer from "./layers/access/Authorizer.ts"
import * as Settings from "./layers/config/Settings.ts"
import * as Listeners from "./layers/listeners/Listeners.ts"
import * as RtmpListener from "./layers/rtmp/RtmpListener.ts"
import * as Sessions from "./layers/sessions/Sessions.ts"
import * as GopCache from "./layers/source/GopCache.ts"
import * as Playback from "./layers/source/Playback.ts"
import * as SourceRegistry from "./layers/source/SourceRegistry.ts"
import * as Tcp from "./layers/transport/Tcp.ts"

const Main = RtmpListener.layer.pipe(
  Layer.provide(Playback.layer),
  Layer.provide(SourceRegistry.layer),
  Layer.provide([GopCache.layer, Sessions.layer, Authorizer.layerAllowAll]),
  Layer.provide([Settings.layer({ _tag: "File", path: process.argv[3] ?? "conf/default.conf" }, { environment: process.env }), Tcp.layer, Listeners.layer])
)
NodeRuntime.runMain(Layer.launch(Main))
