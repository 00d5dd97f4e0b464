/** The one decision for all protocols: the rules by address, what was shown, then what the callbacks say. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Action, type AddressRules, compileRules, denialOf } from "../../domain/access/AddressRules.ts"
import { isReferAllowed } from "../../domain/access/Refer.ts"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { srsErrors } from "../../domain/errors/SrsError.ts"
import { streamKey } from "../../domain/media/StreamName.ts"
import { type AccessRequest, Authorizer, Permit, Refused } from "../../services/Authorizer.ts"
import { ConnectChallenge } from "../../services/ConnectChallenge.ts"
import { Hooks } from "../../services/Hooks.ts"
import { Overload } from "../../services/Overload.ts"
import type { Session } from "../../services/Sessions.ts"
import { Settings } from "../../services/Settings.ts"
import { Gate } from "./Gate.ts"
import { StreamsByAddress } from "./StreamsByAddress.ts"

/** Everybody may publish and play everything. */
export const layerAllowAll = Layer.succeed(Authorizer, {
  connect: () => Effect.void,
  publish: (request) => Effect.sync(() => Permit.grantUnsafe("publish", request)),
  play: (request) => Effect.sync(() => Permit.grantUnsafe("play", request))
})

type Rules = VhostSettings["security"]

const ends = { publish: "on_unpublish", play: "on_stop" } as const

/** Did the publisher not get the stream after all? Then it was never published, and is not unpublished (SRS). */
const neverBegan = (exit: Exit.Exit<unknown, unknown>, { stream }: AccessRequest): boolean => {
  if (Exit.isSuccess(exit)) return false
  const error = Cause.squash(exit.cause)
  if (typeof error !== "object" || error === null || !("_tag" in error) || !("stream" in error)) return false
  return (error._tag === "StreamBusy" || error._tag === "SourceRefused") && error.stream === streamKey(stream)
}

/** The same for clients that show their password when they connect. */
const layerChallenge = (gate: Gate) => Layer.succeed(ConnectChallenge, gate.challenge)

const layerDecisions = (gate: Gate) =>
  Layer.effect(
    Authorizer,
    Effect.gen(function* () {
      const settings = yield* Settings
      const hooks = yield* Hooks
      const overload = yield* Overload
      const streams = new StreamsByAddress()
      const compiled = new WeakMap<Rules, AddressRules>()

      const rulesOf = Effect.fnUntraced(function* (security: Rules) {
        const known = compiled.get(security)
        if (known !== undefined) return known
        const rules = compileRules(security)
        compiled.set(security, rules)
        for (const rule of rules.misfits) {
          yield* Effect.logWarning("security rule is not understood").pipe(Effect.annotateLogs("security.rule", rule))
        }
        return rules
      })

      const refusal = (action: "connect" | Action, { stream }: AccessRequest, reason: string, code: number) =>
        new Refused({ action, stream: streamKey(stream), reason, code })

      const checkAddress = Effect.fnUntraced(function* (action: Action, request: AccessRequest) {
        const security = settings.vhost(request.stream.vhost)?.security
        if (security === undefined || !security.enabled) return
        const denial = denialOf(yield* rulesOf(security), action, request.session.address)
        if (denial !== undefined) return yield* refusal(action, request, denial.reason, denial.code)
      })

      /** RTMP looks by itself, where SRS does: before anybody is told of the connection. */
      const checkPage = (action: Action, request: AccessRequest) => {
        const refer = settings.vhost(request.stream.vhost)?.refer
        const { pageUrl, session } = request
        if (refer === undefined || !refer.enabled || !refer.http || session.protocol === "rtmp") return Effect.void
        if (isReferAllowed(pageUrl, refer.all) && isReferAllowed(pageUrl, refer[action])) return Effect.void
        const reason = `page ${JSON.stringify(pageUrl)} is not among the domains of refer`
        return Effect.fail(refusal(action, request, reason, srsErrors.SecurityDenied))
      }

      const checkProofs = Effect.fnUntraced(function* (action: Action, request: AccessRequest) {
        const auth = settings.vhost(request.stream.vhost)?.auth
        if (auth === undefined || !auth.enabled) return
        const reason = yield* gate.check(auth, action, request)
        if (reason !== undefined) {
          const { stream } = request
          const facts = { action, stream: streamKey(stream), reason, code: srsErrors.SecurityDenied }
          return yield* new Refused({ ...facts, needsLogin: auth[action].includes("password") })
        }
        const { address } = request.session
        if (yield* streams.enter(address, auth.maxStreams)) return
        const tooMany = `more than ${auth.maxStreams} streams of ${address}`
        return yield* refusal(action, request, tooMany, srsErrors.ConnectionsExceed)
      })

      const ask = (action: "connect" | Action, request: AccessRequest) =>
        // Who asks learns neither where the callback server is nor what it says: that is in the log.
        Effect.mapError(hooks.ask(`on_${action}`, request), ({ event }) =>
          refusal(action, request, `${event} does not accept it`, srsErrors.HttpResponseCode)
        )

      const connected = new WeakSet<Session>()

      /** Nothing is configured that could refuse or must be told: then nothing is kept of who comes and goes. */
      const isOpen = ({ stream }: AccessRequest): boolean => {
        const vhost = settings.vhost(stream.vhost)
        if (vhost === undefined) return false
        const { auth, httpHooks, refer, security } = vhost
        return !security.enabled && !auth.enabled && !httpHooks.enabled && !(refer.enabled && refer.http)
      }

      /** Once a connection, also of a client that is refused (SRS). */
      const closeIsTold = (request: AccessRequest): Effect.Effect<void, never, Scope.Scope> =>
        Effect.suspend(() => {
          if (connected.has(request.session)) return Effect.void
          connected.add(request.session)
          return Effect.addFinalizer(() => hooks.tell("on_close", request))
        })

      const connect = (request: AccessRequest): Effect.Effect<void, Refused, Scope.Scope> =>
        isOpen(request) ? Effect.void : Effect.andThen(closeIsTold(request), ask("connect", request))

      /** Of a processor that is full for seconds, whoever came would only take from those who are here. */
      const turnAway = (request: AccessRequest) => {
        overload.turnedAway()
        const reason = "the server is overloaded (circuit_breaker)"
        const stream = streamKey(request.stream)
        return new Refused({ action: "play", stream, reason, code: srsErrors.ConnectionsExceed, isBusy: true })
      }

      const grant = <A extends Action>(action: A, request: AccessRequest) =>
        action === "play" && overload.level() === "dying" ? Effect.fail(turnAway(request)) : admit(action, request)

      const admit = <A extends Action>(action: A, request: AccessRequest) =>
        isOpen(request) ? Effect.succeed(Permit.grantUnsafe(action, request)) : decide(action, request)

      const decide = Effect.fnUntraced(function* <A extends Action>(action: A, request: AccessRequest) {
        yield* checkAddress(action, request)
        yield* checkPage(action, request)
        yield* checkProofs(action, request)
        const end = hooks.tell(ends[action], request)
        // Whoever leaves while the server is asked may have been granted it.
        yield* Effect.onInterrupt(ask(action, request), () => end)
        yield* Effect.addFinalizer((exit) => (neverBegan(exit, request) ? Effect.void : end))
        return Permit.grantUnsafe(action, request)
      })

      return Authorizer.of({
        connect,
        publish: (request) => grant("publish", request),
        play: (request) => grant("play", request)
      })
    })
  )

export const layer = Layer.unwrap(
  Effect.sync(() => {
    const gate = new Gate()
    return Layer.merge(layerDecisions(gate), layerChallenge(gate))
  })
)
