/** The one decision, for every protocol, on who may publish and who may play. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { StreamName } from "../domain/media/StreamName.ts"
import type { Session } from "./Sessions.ts"

export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  action: Schema.Literals(["connect", "publish", "play"]),
  stream: Schema.String,
  reason: Schema.String,
  /** SRS's error number. */
  code: Schema.Int,
  /** User and password would help: HTTP asks for them with 401. */
  needsLogin: Schema.optionalKey(Schema.Boolean),
  /** Later it may be let in. */
  isBusy: Schema.optionalKey(Schema.Boolean)
}) {
  /** What HTTP answers. */
  get status(): 401 | 403 | 503 {
    if (this.isBusy === true) return 503
    return this.needsLogin === true ? 401 : 403
  }
  override get message() {
    return `${this.action} of ${this.stream} refused: ${this.reason}`
  }
}

export interface AccessRequest {
  readonly session: Session
  readonly stream: StreamName
  /** Query of the request with its leading `?`, or empty. */
  readonly param: string
  readonly tcUrl: string
  readonly pageUrl: string
  /** Part of the stream's name in callbacks where SRS tells it so: `.m3u8` of HLS. */
  readonly extension?: string | undefined
  /** Of HTTP: the `Authorization` field. */
  readonly authorization?: string | undefined
}

/**
 * Proof that a request was authorised. Only `Authorizer` makes one, and `SourceRegistry` takes nothing else: a protocol
 * that forgets to ask cannot publish or play.
 */
export class Permit<Action extends "publish" | "play"> {
  readonly action: Action
  readonly request: AccessRequest
  /** Use `Authorizer`; a test may make one. */
  private constructor(action: Action, request: AccessRequest) {
    this.action = action
    this.request = request
  }
  static grantUnsafe<Action extends "publish" | "play">(action: Action, request: AccessRequest): Permit<Action> {
    return new Permit(action, request)
  }
}

export class Authorizer extends Context.Service<
  Authorizer,
  {
    /**
     * Before each stream of a connection. What must happen once at the end of the connection (`on_close`) is a finalizer of
     * the scope.
     */
    readonly connect: (request: AccessRequest) => Effect.Effect<void, Refused, Scope.Scope>
    /** What must happen at the end of the publish (`on_unpublish`) is a finalizer of the scope. */
    readonly publish: (request: AccessRequest) => Effect.Effect<Permit<"publish">, Refused, Scope.Scope>
    /** What must happen at the end of the play (`on_stop`) is a finalizer of the scope. */
    readonly play: (request: AccessRequest) => Effect.Effect<Permit<"play">, Refused, Scope.Scope>
  }
>()("sluice/services/Authorizer") {}
