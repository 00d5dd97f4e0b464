/** The tables of this server's own subsystems, in the order of the documentation. */
import { auth } from "./auth.ts"
import { cluster } from "./cluster.ts"
import { dash } from "./dash.ts"
import { dvr } from "./dvr.ts"
import { exec } from "./exec.ts"
import { forward } from "./forward.ts"
import { hds } from "./hds.ts"
import { hls } from "./hls.ts"
import { httpApi } from "./httpApi.ts"
import { httpHooks } from "./httpHooks.ts"
import { httpRemux } from "./httpRemux.ts"
import { httpServer } from "./httpServer.ts"
import { httpStatic } from "./httpStatic.ts"
import { ingest } from "./ingest.ts"
import { log } from "./log.ts"
import { play } from "./play.ts"
import { protection } from "./protection.ts"
import { publish } from "./publish.ts"
import { refer } from "./refer.ts"
import { rtc } from "./rtc.ts"
import { rtmps } from "./rtmps.ts"
import { security } from "./security.ts"
import { server } from "./server.ts"
import { srt } from "./srt.ts"
import { statistics } from "./statistics.ts"
import { streamCaster } from "./streamCaster.ts"
import { tencentCloud } from "./tencentCloud.ts"
import { transcode } from "./transcode.ts"
import { trustedProxies } from "./trustedProxies.ts"
import { vhost } from "./vhost.ts"

export const coreTables = [
  server,
  log,
  rtmps,
  httpApi,
  httpServer,
  trustedProxies,
  srt,
  rtc,
  streamCaster,
  statistics,
  protection,
  tencentCloud,
  vhost,
  play,
  publish,
  httpRemux,
  refer,
  security,
  auth,
  httpHooks,
  httpStatic,
  hls,
  dash,
  hds,
  dvr,
  forward,
  cluster,
  exec,
  ingest,
  transcode
] as const
