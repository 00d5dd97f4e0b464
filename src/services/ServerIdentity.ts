/** What API answers, callbacks and logs say of this server and this process. */
import * as Context from "effect/Context"

export class ServerIdentity extends Context.Service<
  ServerIdentity,
  {
    /** `server_id`, or `vid-` and seven characters, stable over restarts. */
    readonly server: string
    /** Eight characters, new for every process. */
    readonly service: string
    readonly pid: number
  }
>()("sluice/services/ServerIdentity") {}
