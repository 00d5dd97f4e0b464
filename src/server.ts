/** The live server: every subsystem, once. What it stands on (settings, transport, telemetry) is for the caller to say. */
import * as Layer from "effect/Layer"
import * as Authorizer from "./layers/access/Authorizer.ts"
import * as Announce from "./layers/announce/Announce.ts"
import * as Api1 from "./layers/api1/Api1.ts"
import * as CallbackApi from "./layers/api1/CallbackApi.ts"
import * as Forwarder from "./layers/forward/Forwarder.ts"
import * as Dash from "./layers/dash/Dash.ts"
import * as DashHttp from "./layers/dash/DashHttp.ts"
import * as Heartbeat from "./layers/heartbeat/Heartbeat.ts"
import * as HlsHttp from "./layers/hls/HlsHttp.ts"
import * as HlsSegmenter from "./layers/hls/HlsSegmenter.ts"
import * as Hooks from "./layers/hooks/Hooks.ts"
import * as SegmentHooks from "./layers/hooks/SegmentHooks.ts"
import * as HttpCalls from "./layers/httpCalls/HttpCalls.ts"
import * as HttpGateway from "./layers/http/HttpGateway.ts"
import * as HttpListeners from "./layers/http/HttpListeners.ts"
import * as HttpAac from "./layers/httpLive/HttpAac.ts"
import * as HttpFlv from "./layers/httpLive/HttpFlv.ts"
import * as HttpFmp4 from "./layers/httpLive/HttpFmp4.ts"
import * as HttpMp3 from "./layers/httpLive/HttpMp3.ts"
import * as HttpTs from "./layers/httpLive/HttpTs.ts"
import * as InProcess from "./layers/inProcess/InProcess.ts"
import * as Listeners from "./layers/listeners/Listeners.ts"
import * as Page from "./layers/page/Page.ts"
import * as Progress from "./layers/progress/Progress.ts"
import * as ProxyProtocol from "./layers/proxy/ProxyProtocol.ts"
import * as Reload from "./layers/reload/Reload.ts"
import * as RtmpClient from "./layers/rtmp/RtmpClient.ts"
import * as RtmpListener from "./layers/rtmp/RtmpListener.ts"
import * as SegmentStore from "./layers/segments/SegmentStore.ts"
import * as SegmentViewers from "./layers/sessions/SegmentViewers.ts"
import * as Sessions from "./layers/sessions/Sessions.ts"
import * as GopCache from "./layers/source/GopCache.ts"
import * as Playback from "./layers/source/Playback.ts"
import * as SourceRegistry from "./layers/source/SourceRegistry.ts"
import * as Statistics from "./layers/statistics/Statistics.ts"
import * as Static from "./layers/static/Static.ts"

/** What every protocol stands on, but for the one who decides who may publish and play. */
export const core = Playback.layer.pipe(
  Layer.provideMerge(SourceRegistry.layer),
  Layer.provideMerge(Layer.mergeAll(HttpCalls.layer, GopCache.layer, Sessions.layer, Listeners.layer, Reload.layer))
)

/** The protocols, by the routes and listeners they contribute. */
export const protocols = Layer.mergeAll(
  RtmpListener.layer,
  HttpFlv.layer,
  HttpTs.layer,
  HttpFmp4.layer,
  HttpAac.layer,
  HttpMp3.layer,
  InProcess.layer,
  Forwarder.layer.pipe(Layer.provideMerge(RtmpClient.layer)),
  DashHttp.layer.pipe(Layer.provideMerge(Dash.layer)),
  Static.layer,
  Page.layer,
  HlsHttp.layer.pipe(Layer.provideMerge(HlsSegmenter.layer))
).pipe(Layer.provide([SegmentViewers.layer, SegmentStore.layer]))

/** What is told of all that, and done about it, over HTTP. */
export const operation = Api1.layer.pipe(Layer.provideMerge(Statistics.layer))

/** All but the Authorizer. */
export const unguarded = Layer.mergeAll(Announce.layer, Progress.layer, Heartbeat.layer).pipe(
  Layer.provideMerge(HttpListeners.layer),
  Layer.provideMerge(operation),
  Layer.provideMerge(protocols),
  Layer.provideMerge(HttpGateway.layer),
  Layer.provide(ProxyProtocol.layer),
  Layer.provideMerge(core)
)

/** The Authorizer that the configuration asks for. */
export const guard = Authorizer.layer.pipe(
  Layer.provideMerge(Hooks.layer),
  Layer.provideMerge(Statistics.layer),
  Layer.provideMerge(core)
)

export const server = Layer.merge(SegmentHooks.layer, CallbackApi.layer).pipe(
  Layer.provideMerge(unguarded),
  Layer.provideMerge(guard)
)
