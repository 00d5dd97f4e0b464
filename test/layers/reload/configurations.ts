/** Configurations made by chance, and mistakes to put into them. The same seed makes the same ones. */

const next = (seed: number): number => (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0

export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = next(seed)
  }

  /** From 0 to `below` - 1. */
  below(below: number): number {
    this.#state = next(this.#state)
    return Math.floor((this.#state / 2 ** 32) * below)
  }

  flag(): "on" | "off" {
    return this.below(2) === 0 ? "on" : "off"
  }

  some<A>(items: ReadonlyArray<A>): ReadonlyArray<A> {
    return items.filter(() => this.below(2) === 0)
  }
}

const destinations = ["10.0.0.1", "10.0.0.2:1936", "rtmp://10.0.0.3:19350/copy/[stream]"]

const vhost = (chance: Chance, name: string): string => `
vhost ${name} {
  enabled ${chance.below(4) === 0 ? "off" : "on"};
  min_latency ${chance.flag()};
  chunk_size ${1000 + chance.below(50_000)};
  play { gop_cache ${chance.flag()}; queue_length ${5 + chance.below(30)}; mw_latency ${50 * (1 + chance.below(8))}; }
  publish { normal_timeout ${60_000 + chance.below(5000)}; }
  forward { enabled ${chance.flag()}; destination ${["10.0.0.9", ...chance.some(destinations)].join(" ")}; }
  http_remux { enabled ${chance.flag()}; mount [vhost]/[app]/[stream].${chance.below(2) === 0 ? "flv" : "aac"}; }
}
`

export const configuration = (chance: Chance): string => {
  const ports = chance.some([1935, 1936, 1937, 1938])
  return `
listen ${(ports.length === 0 ? [1935] : ports).join(" ")};
max_connections ${500 + chance.below(1000)};
pithy_print_ms ${1000 * (1 + chance.below(20))};
http_server { enabled ${chance.flag()}; listen ${8080 + chance.below(3)}; }
http_api { enabled ${chance.flag()}; listen ${1985 + chance.below(3)}; }
${["__defaultVhost__", ...chance.some(["a.com", "b.com", "c.com"])].map((name) => vhost(chance, name)).join("")}`
}

/** A configuration with one mistake in it. */
export const mistaken = (chance: Chance): string => {
  const text = configuration(chance)
  const mistakes = [
    () => text.replace("play {", "plya {"),
    () => text.replace("listen", "listen 70000 #\nlisten"),
    () => text.replace(/;\s*$/m, "\n"),
    () => `${text}}`,
    () => text.replace(/\}\s*$/, ""),
    () => text.replace("max_connections ", "max_connections -"),
    () => "",
    () => `${text}\ninclude nowhere.conf;`
  ]
  return mistakes[chance.below(mistakes.length)]!()
}
