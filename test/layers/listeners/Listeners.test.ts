import { expect } from "bun:test"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { layerText } from "../../../src/layers/config/Settings.ts"
import * as ListenersLayer from "../../../src/layers/listeners/Listeners.ts"
import { Certificates } from "../../../src/services/Certificates.ts"
import { Listeners, type WantedListener } from "../../../src/services/Listeners.ts"
import { Settings } from "../../../src/services/Settings.ts"
import { TransportFailed } from "../../../src/services/Transport.ts"
import { effect } from "../../support/effect.ts"

const harness = Effect.gen(function* () {
  const events: Array<string> = []
  /** By the name of the certificate's file; one that is missing cannot be read. */
  const files = new Map<string, string>()
  const wanted: Array<WantedListener> = []
  const certificates = Layer.succeed(Certificates, {
    server: () => Effect.succeed(Effect.succeed),
    contents: ({ cert }) => {
      const text = files.get(cert)
      return text === undefined
        ? Effect.fail(new TransportFailed({ action: "tls", endpoint: cert, reason: "no such file" }))
        : Effect.succeed(text)
    }
  })
  const services = yield* Layer.build(
    ListenersLayer.layer.pipe(Layer.provideMerge(layerText("vhost a {}")), Layer.provide(certificates))
  )
  const listeners = Context.get(services, Listeners)
  const listener = (key: string, cert?: string): WantedListener => ({
    key,
    ...(cert === undefined ? {} : { tls: { key: "", cert } }),
    open: Effect.acquireRelease(
      Effect.sync(() => void events.push(`+${key}`)),
      () => Effect.sync(() => void events.push(`-${key}`))
    )
  })
  const want = (...next: ReadonlyArray<WantedListener>): void => void wanted.splice(0, wanted.length, ...next)
  return {
    events,
    files,
    want,
    listener,
    listeners,
    follow: listeners.follow(() => wanted),
    ...Context.get(services, Settings)
  }
})

effect("a certificate renewed under its name opens its listener anew, and no other", () =>
  Effect.gen(function* () {
    const { events, files, follow, listener, reload, want } = yield* harness
    files.set("a", "1").set("b", "1")
    want(listener("plain"), listener("a", "a"), listener("b", "b"))
    yield* follow
    yield* reload
    expect(events.splice(0)).toEqual(["+plain", "+a", "+b"])
    files.set("a", "2")
    expect((yield* reload).failures).toEqual([])
    expect(events.splice(0)).toEqual(["-a", "+a"])
    yield* reload
    expect(events).toEqual([])
  })
)

effect("one that cannot be used leaves the listener with the old one, is told of, and is looked at again", () =>
  Effect.gen(function* () {
    const { events, files, follow, listener, reload, want } = yield* harness
    files.set("a", "1")
    want(listener("a", "a"))
    yield* follow
    files.delete("a")
    want(listener("a", "a"), listener("new"))
    expect((yield* reload).failures.map(({ message }) => message)).toEqual(["cannot tls a: no such file"])
    expect(events).toEqual(["+a", "+new"])
    files.set("a", "2")
    expect((yield* reload).failures).toEqual([])
    expect(events).toEqual(["+a", "+new", "-a", "+a"])
    // One that is wanted no more closes, whatever its certificate.
    files.delete("a")
    want(listener("new"))
    expect((yield* reload).failures).toEqual([])
    expect(events.at(-1)).toBe("-a")
  })
)

effect("one of the start that cannot be used is refused", () =>
  Effect.gen(function* () {
    const { follow, listener, want } = yield* harness
    want(listener("a", "a"))
    expect(Exit.isFailure(yield* Effect.exit(follow))).toBe(true)
  })
)

effect("closed for good, they are opened by no reload", () =>
  Effect.gen(function* () {
    const { events, follow, listener, listeners, reload, want } = yield* harness
    want(listener("a"), listener("b"))
    yield* follow
    expect(listeners.areClosing()).toBe(false)
    yield* listeners.close
    want(listener("a"), listener("c"))
    yield* reload
    expect(listeners.areClosing()).toBe(true)
    expect(events).toEqual(["+a", "+b", "-a", "-b"])
  })
)
