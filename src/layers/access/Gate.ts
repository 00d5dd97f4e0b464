/** `vhost.auth`: whether somebody has shown what a publisher or player must show. */
import * as crypto from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import {
  type Accounts,
  isAdobe,
  isProof,
  type Proof,
  readAccounts,
  readBasic,
  readLogin
} from "../../domain/access/Accounts.ts"
import type { Action } from "../../domain/access/AddressRules.ts"
import {
  authenticationFailed,
  challengeOf,
  isRightAnswer,
  needsAuthentication,
  readAnswer
} from "../../domain/access/AdobeChallenge.ts"
import { Failures } from "../../domain/access/Failures.ts"
import { isLalSecret, isSignedStream } from "../../domain/access/signedUrl.ts"
import type { VhostSettings } from "../../domain/config/Settings.ts"
import { parseQuery } from "../../domain/http/query.ts"
import type { AccessRequest } from "../../services/Authorizer.ts"
import type { ConnectQuestion } from "../../services/ConnectChallenge.ts"
import { isPassword } from "./scrypt.ts"

type Auth = VhostSettings["auth"]

/** `undefined`: this kind of proof was not shown. */
type Verdict = boolean | undefined

/** A user name that may be repeated to its client. */
const plainUser = /^[\w.@+-]{1,64}$/

/** Marks of proofs other than Adobe's in a query. */
const otherProofs = /[?&](?:sign|lal_secret|key|password)=/

export class Gate {
  readonly #accounts = new WeakMap<Auth, Accounts>()
  readonly #failures = new Failures()
  /** Of this process: no challenge outlives it. */
  readonly #key = new Uint8Array(crypto.randomBytes(32))

  /** Why the request is refused; `undefined` to let it pass. */
  readonly check = Effect.fnUntraced(
    { self: this },
    function* (this: Gate, auth: Auth, action: Action, request: AccessRequest) {
      const proofs = auth[action]
      if (!auth.enabled || proofs.length === 0) return undefined
      const now = yield* Clock.currentTimeMillis
      const { address } = request.session
      if (this.#failures.isBlocked(address, auth.maxFailures, now)) return "too many wrong proofs from this address"
      const accounts = yield* this.#accountsOf(auth)
      let isWrong = false
      for (const proof of proofs.filter(isProof)) {
        const verdict = yield* this.#verdict(proof, auth, accounts, action, request)
        if (verdict === true) return undefined
        isWrong ||= verdict === false
      }
      if (!isWrong) return `nothing of ${proofs.join(", ")} was shown`
      this.#failures.add(address, now)
      return `what was shown is wrong or too old (${proofs.join(", ")})`
    }
  )

  #verdict(
    proof: Proof,
    auth: Auth,
    accounts: Accounts,
    action: Action,
    { authorization = "", param, stream }: AccessRequest
  ): Effect.Effect<Verdict> {
    return Effect.gen({ self: this }, function* (): Effect.fn.Return<Verdict> {
      const nowSeconds = (yield* Clock.currentTimeMillis) / 1000
      const values = parseQuery(param)
      switch (proof) {
        case "signature":
          return values.has("sign") ? isSignedStream(auth.secret, action, stream, values, nowSeconds) : undefined
        case "lal":
          return values.has("lal_secret") ? isLalSecret(auth.lalSecret, stream, values) : undefined
        case "key": {
          const key = values.get("key")
          if (key === undefined) return undefined
          const { keys } = accounts
          const secrets = [...(keys.get(`${stream.app}/${stream.stream}`) ?? []), ...(keys.get("*") ?? [])]
          return yield* isPassword("", key, secrets)
        }
        case "password": {
          const login = readBasic(authorization) ?? readLogin(param)
          if (login === undefined) return undefined
          return yield* isPassword(login.user, login.password, accounts.users.get(login.user) ?? [])
        }
        case "adobe":
          return this.#isAdobeAnswer(accounts, param, nowSeconds)
      }
    })
  }

  #isAdobeAnswer({ users }: Accounts, param: string, nowSeconds: number): Verdict {
    const answer = readAnswer(param)
    if (answer === undefined || answer.response === "") return undefined
    const stored = users.get(answer.user)?.find(isAdobe)
    return stored !== undefined && isRightAnswer(this.#key, stored, answer, nowSeconds)
  }

  /** The words that refuse a connection until its client has answered Adobe's challenge. */
  readonly challenge = (question: ConnectQuestion): Effect.Effect<string | undefined> => {
    const { auth } = question.vhost
    const isAsked = auth.enabled && (question.isPublisher ? auth.publish : auth.play).includes("adobe")
    return isAsked ? this.#challenge(question) : Effect.undefined
  }

  readonly #challenge = Effect.fnUntraced({ self: this }, function* (this: Gate, question: ConnectQuestion) {
    const { address, param, vhost } = question
    const { auth } = vhost
    const answer = readAnswer(param)
    if (answer === undefined) return otherProofs.test(param) ? undefined : needsAuthentication
    const now = yield* Clock.currentTimeMillis
    if (this.#failures.isBlocked(address, auth.maxFailures, now) || !plainUser.test(answer.user)) {
      return authenticationFailed
    }
    const accounts = yield* this.#accountsOf(auth)
    const nowSeconds = Math.floor(now / 1000)
    if (answer.response === "") {
      const salt = accounts.users.get(answer.user)?.find(isAdobe)?.salt ?? this.#saltOfNobody(answer.user)
      return challengeOf(this.#key, answer.user, salt, nowSeconds)
    }
    if (this.#isAdobeAnswer(accounts, param, nowSeconds) === true) return undefined
    this.#failures.add(address, now)
    return authenticationFailed
  })

  /** Always the same for a name, so that nobody learns which users there are. */
  #saltOfNobody(user: string): string {
    return crypto.createHmac("sha256", this.#key).update(user).digest("hex").slice(0, 16)
  }

  #accountsOf(auth: Auth): Effect.Effect<Accounts> {
    return Effect.suspend(() => {
      const known = this.#accounts.get(auth)
      if (known !== undefined) return Effect.succeed(known)
      const accounts = readAccounts(auth)
      this.#accounts.set(auth, accounts)
      const misfits = [...accounts.misfits, ...[...auth.publish, ...auth.play].filter((word) => !isProof(word))]
      return Effect.as(
        Effect.forEach(
          misfits,
          (misfit) => Effect.logWarning("auth is not understood").pipe(Effect.annotateLogs("auth.misfit", misfit)),
          { discard: true }
        ),
        accounts
      )
    })
  }
}
