/** The command line's `sign` and `hash`: what they are asked for. */
import { defaultVhost, type StreamName } from "../media/StreamName.ts"
import type { Action } from "./AddressRules.ts"

/** A signed URL lasts this long if nothing is said. */
export const defaultSignSeconds = 86_400

export interface SignRequest {
  readonly action: Action
  readonly stream: StreamName
  /** From now on. */
  readonly seconds: number
  /** Arguments that name the configuration, which has the key. */
  readonly rest: ReadonlyArray<string>
}

export interface HashRequest {
  /** For Adobe's challenge to this user; otherwise for passwords and keys that are shown. */
  readonly adobeUser: string | undefined
}

const isAction = (word: string | undefined): word is Action => word === "publish" || word === "play"

/** The request, or what is wrong with it. */
export const parseSign = (args: ReadonlyArray<string>): SignRequest | string => {
  const [action, name = "", ...options] = args
  if (!isAction(action)) return "sign needs publish or play"
  const slash = name.lastIndexOf("/")
  const [app, stream] = [name.slice(0, Math.max(0, slash)).replace(/^\/+/, ""), name.slice(slash + 1)]
  if (app === "" || stream === "" || name.startsWith("-")) return "sign needs APP/STREAM"
  const rest: Array<string> = []
  let [seconds, vhost] = [defaultSignSeconds, defaultVhost]
  for (let index = 0; index < options.length; index++) {
    const option = options[index]
    if (option === "--for") {
      const text = options[++index] ?? ""
      if (!/^[1-9]\d{0,9}$/.test(text)) return "--for needs a number of seconds"
      seconds = Number(text)
    } else if (option === "--vhost") {
      vhost = options[++index] ?? ""
      if (vhost === "") return "--vhost needs a name"
    } else rest.push(option)
  }
  return { action, stream: { vhost, app, stream }, seconds, rest }
}

/** The same. */
export const parseHash = (args: ReadonlyArray<string>): HashRequest | string => {
  const [option, user, ...more] = args
  if (option === undefined) return { adobeUser: undefined }
  if (option !== "--adobe" || user === undefined || more.length > 0) return "hash takes nothing, or --adobe USER"
  return /^[\w.@+-]{1,64}$/.test(user) ? { adobeUser: user } : "USER is of letters, digits and _ . @ + -"
}
