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

/** Directives of a block, each there or not. */
const block = (chance: Chance, name: string, directives: ReadonlyArray<string>): string =>
  `${name} { ${chance.some(directives).join(" ")} }`

const one = <A>(chance: Chance, items: ReadonlyArray<A>): A => items[chance.below(items.length)]!

const hls = (chance: Chance, directory: string): string =>
  block(chance, "hls", [
    `hls_fragment ${1 + chance.below(5)};`,
    `hls_window ${10 + chance.below(60)};`,
    `hls_m3u8_file ${one(chance, ["[app]/[stream].m3u8", "[app]/[stream]/index.m3u8"])};`,
    `hls_ctx ${chance.flag()};`,
    `hls_use_fmp4 ${chance.flag()};`,
    `hls_low_latency ${chance.flag()};`,
    `hls_keys ${chance.flag()};`,
    `hls_dispose ${60 + chance.below(60)};`
  ]).replace(
    "{",
    `{ enabled ${chance.flag()}; hls_storage ${one(chance, ["memory", "disk", "both"])}; hls_path ${directory}/hls;`
  )

const dash = (chance: Chance, directory: string): string =>
  block(chance, "dash", [
    `dash_fragment ${1 + chance.below(5)};`,
    `dash_mpd_file ${one(chance, ["[app]/[stream].mpd", "[app]/[stream]/live.mpd"])};`,
    `dash_window_size ${3 + chance.below(5)};`,
    `dash_cleanup ${chance.flag()};`
  ]).replace("{", `{ enabled ${chance.flag()}; dash_path ${directory}/dash;`)

/** Who may do what, and who is told: of the next client. */
const rules = (chance: Chance): string =>
  [
    block(chance, "security", [`enabled ${chance.flag()};`, "allow play all;", "deny publish 10.0.0.0/8;"]),
    block(chance, "auth", [`enabled ${chance.flag()};`, "publish key signature;", "secret s3cret;", "max_streams 5;"]),
    block(chance, "refer", [`enabled ${chance.flag()};`, "all a.com b.com;", "play c.com;"]),
    block(chance, "http_hooks", [
      `enabled ${chance.flag()};`,
      "on_stop http://10.0.0.9/a http://10.0.0.9/b;",
      "secret x;"
    ])
  ].join("\n  ")

const vhost = (chance: Chance, name: string, directory: string): string => `
vhost ${name} {
  enabled ${chance.below(4) === 0 ? "off" : "on"};
  min_latency ${chance.flag()};
  chunk_size ${1000 + chance.below(50_000)};
  play { gop_cache ${chance.flag()}; queue_length ${5 + chance.below(30)}; mw_latency ${50 * (1 + chance.below(8))}; }
  publish { normal_timeout ${60_000 + chance.below(5000)}; mr ${chance.flag()}; mr_latency ${chance.below(500)}; }
  forward { enabled ${chance.flag()}; destination ${["10.0.0.9", ...chance.some(destinations)].join(" ")}; }
  http_remux { enabled ${chance.flag()}; mount [vhost]/[app]/[stream].${chance.below(2) === 0 ? "flv" : "aac"}; }
  http_static { enabled ${chance.flag()}; mount /files; dir ${directory}; }
  ${hls(chance, directory)}
  ${dash(chance, directory)}
  ${rules(chance)}
}
`

/** Of every subsystem; what is written goes below the directory. */
export const configuration = (chance: Chance, directory: string): string => {
  const ports = chance.some([1935, 1936, 1937, 1938])
  return `
listen ${(ports.length === 0 ? [1935] : ports).join(" ")};
max_connections ${500 + chance.below(1000)};
max_connections_per_address ${one(chance, [0, 1000])};
pithy_print_ms ${1000 * (1 + chance.below(20))};
utc_time ${chance.flag()};
grace_start_wait ${chance.below(5000)};
force_grace_quit ${chance.flag()};
srs_log_level ${one(chance, ["info", "trace", "warn", "error"])};
log_rotate { size ${chance.below(100)}; keep ${chance.below(9)}; }
http_server { enabled ${chance.flag()}; listen ${8080 + chance.below(3)}; dir ${directory}; crossdomain ${chance.flag()}; }
http_api { enabled ${chance.flag()}; listen ${1985 + chance.below(3)}; raw_api { enabled ${chance.flag()}; } }
exporter { enabled ${chance.flag()}; listen ${9972 + chance.below(3)}; }
rtmps { enabled ${chance.flag()}; listen ${1443 + chance.below(3)}; cert ${one(chance, ["a", "b"])}.crt; }
heartbeat { enabled ${chance.flag()}; interval ${1 + chance.below(10)}; url http://10.0.0.9/; }
stats { enabled ${chance.flag()}; }
circuit_breaker { enabled ${chance.flag()}; high_threshold ${50 + chance.below(50)}; }
trusted_proxies { addresses 10.0.0.0/${8 + chance.below(16)}; proxy_protocol ${one(chance, [1936, 1937])}; }
${["__defaultVhost__", ...chance.some(["a.com", "b.com", "c.com"])].map((name) => vhost(chance, name, directory)).join("")}`
}

/** A configuration with one mistake in it. */
export const mistaken = (chance: Chance, directory: string): string => {
  const text = configuration(chance, directory)
  const mistakes = [
    () => text.replace("play {", "plya {"),
    () => text.replace("listen", "listen 70000 #\nlisten"),
    () => text.replace("addresses 10.0.0.0/", "addresses proxy.local/"),
    () => text.replace(/proxy_protocol \d+/, "proxy_protocol 0"),
    () => text.replace(/;\s*$/m, "\n"),
    () => `${text}}`,
    () => text.replace(/\}\s*$/, ""),
    () => text.replace("max_connections ", "max_connections -"),
    () => "",
    () => `${text}\ninclude nowhere.conf;`
  ]
  return mistakes[chance.below(mistakes.length)]!()
}
