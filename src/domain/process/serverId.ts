/** The id by which a server is known to its API, its callbacks and its statistics (config.md 5). */

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/** `vid-` and seven characters; `random` returns numbers in [0, 1). */
export const makeServerId = (random: () => number): string =>
  `vid-${Array.from({ length: 7 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("")}`

/** Its file stands beside the pid file: `objs/srs.id` for `objs/srs.pid`. */
export const serverIdPath = (pidPath: string): string =>
  pidPath.endsWith(".pid") ? `${pidPath.slice(0, -4)}.id` : `${pidPath}.id`
