/** Which times the viewers of a stream get. */

/** The directives of a vhost that say so. */
export interface PlayTimesOptions {
  readonly atc: boolean
  readonly atcAuto: boolean
  readonly timeJitter: "full" | "zero" | "off"
}

export interface PlayTimes {
  /** Repaired, or those of the publisher. */
  readonly times: "repaired" | "published"
  /** A viewer's time 0: where it joins, or the publisher's own zero. Formats whose bytes are absolute have no say in it. */
  readonly base: "join" | "absolute"
}

/** `sourceIsAbsolute`: what the publisher's metadata has said, which counts with `atc_auto`. */
export const playTimes = ({ atc, atcAuto, timeJitter }: PlayTimesOptions, sourceIsAbsolute: boolean): PlayTimes => {
  const absolute = atc || (atcAuto && sourceIsAbsolute) || timeJitter === "off"
  return {
    times: absolute || timeJitter === "zero" ? "published" : "repaired",
    base: absolute ? "absolute" : "join"
  }
}
