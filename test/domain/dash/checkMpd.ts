/** Rules of ISO/IEC 23009-1 and of its live profile that every MPD here must keep, each with its clause. */

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<Element>
  readonly text: string
}

/** Enough of XML for what a server writes: elements, attributes, text, the five entities. Anything else throws. */
export const parseXml = (xml: string): Element => {
  const root: { name: string; attributes: {}; children: Array<Element>; text: string } = {
    name: "",
    attributes: {},
    children: [],
    text: ""
  }
  const open: Array<typeof root> = [root]
  const token = /<\?xml[^?]*\?>|<(\/?)([\w:]+)((?:\s+[\w:]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex
    const found = token.exec(xml)
    if (found === null) throw new Error(`no XML: ${xml.slice(at, at + 60)}`)
    const [whole, closes, name, attributes, isEmpty, text] = found
    const parent = open.at(-1)!
    if (whole.startsWith("<?xml")) continue
    if (text !== undefined) parent.text += unescape(text)
    else if (closes === "/") {
      if (parent.name !== name) throw new Error(`</${name}> closes <${parent.name}>`)
      open.pop()
    } else {
      const pairs = [...attributes!.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescape(value!)])
      const element = { name: name!, attributes: Object.fromEntries(pairs) as {}, children: [], text: "" }
      parent.children.push(element)
      if (isEmpty !== "/") open.push(element)
    }
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error("elements left open")
  return root.children[0]!
}

const unescape = (text: string): string => {
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) throw new Error(`stray & in ${text}`)
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&")
}

export const all = (element: Element, name: string): ReadonlyArray<Element> => [
  ...element.children.filter((child) => child.name === name),
  ...element.children.flatMap((child) => all(child, name))
]

/** Seconds of an xs:duration of hours, minutes and seconds. */
export const secondsOf = (duration: string | undefined): number => {
  const found = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(duration ?? "")
  if (found === null || duration === "PT") return Number.NaN
  return 3600 * Number(found[1] ?? 0) + 60 * Number(found[2] ?? 0) + Number(found[3] ?? 0)
}

const isDate = (text: string | undefined): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text ?? "")

const count = (text: string | undefined): number => (/^\d+$/.test(text ?? "") ? Number(text) : Number.NaN)

interface Segment {
  readonly time: number
  readonly duration: number
}

interface Timeline {
  /** Whole ones. */
  readonly segments: ReadonlyArray<Segment>
  /** With low latency: the one that is being written and the next one, by guess. */
  readonly announced: ReadonlyArray<Segment>
  readonly timescale: number
  readonly offset: number
  readonly startNumber: number
  readonly kind: string
}

export const timelineOf = (set: Element): Timeline => {
  const [template] = all(set, "SegmentTemplate")
  const { attributes } = template!
  const listed = all(template!, "S").map((s) => ({
    time: count(s.attributes["t"]),
    duration: count(s.attributes["d"])
  }))
  const whole = listed.length - (Number(attributes["availabilityTimeOffset"] ?? 0) > 0 ? 2 : 0)
  return {
    segments: listed.slice(0, whole),
    announced: listed.slice(whole),
    timescale: count(attributes["timescale"]),
    offset: count(attributes["presentationTimeOffset"] ?? "0"),
    startNumber: count(attributes["startNumber"]),
    kind: set.attributes["contentType"] ?? ""
  }
}

type Rule = readonly [clause: string, holds: (mpd: Element) => boolean]

const order = ["BaseURL", "Location", "ServiceDescription", "Period", "UTCTiming"]
const isOrdered = (names: ReadonlyArray<string>): boolean =>
  names.every((name, i) => order.includes(name) && (i === 0 || order.indexOf(names[i - 1]!) <= order.indexOf(name)))

const sets = (mpd: Element) => all(mpd, "AdaptationSet")
const isUnique = (values: ReadonlyArray<unknown>): boolean => new Set(values).size === values.length

const starts = (mpd: Element): ReadonlyArray<number> =>
  all(mpd, "Period").map(({ attributes }) => secondsOf(attributes["start"]))

/** End of a period's media, seconds after the availability start. */
const mediaEnd = (period: Element): number =>
  Math.max(
    ...sets(period).map((set) => {
      const { offset, segments, timescale } = timelineOf(set)
      const last = segments.at(-1)!
      return secondsOf(period.attributes["start"]) + (last.time + last.duration - offset) / timescale
    })
  )

const codecs = /^(?:avc1\.[0-9A-Fa-f]{6}|hvc1\.[\w.]+|av01\.[\w.]+|vp09\.[\w.]+|mp4a\.40\.\d+|mp4a\.6[9B]|opus|fLaC)$/

const rules: ReadonlyArray<Rule> = [
  ["5.2.2 root and namespace", (m) => m.name === "MPD" && m.attributes["xmlns"] === "urn:mpeg:dash:schema:mpd:2011"],
  ["5.2.2 children in the schema's order", (m) => isOrdered(m.children.map(({ name }) => name))],
  ["8.4.1 live profile", (m) => m.attributes["profiles"] === "urn:mpeg:dash:profile:isoff-live:2011"],
  ["5.3.1.2 dynamic has availabilityStartTime", (m) => isDate(m.attributes["availabilityStartTime"])],
  ["5.3.1.2 dynamic has publishTime", (m) => isDate(m.attributes["publishTime"])],
  ["5.3.1.2 minBufferTime", (m) => secondsOf(m.attributes["minBufferTime"]) > 0],
  ["5.3.1.2 minimumUpdatePeriod", (m) => secondsOf(m.attributes["minimumUpdatePeriod"]) >= 0],
  ["5.3.2.2 a period", (m) => all(m, "Period").length > 0],
  ["5.3.2.2 dynamic: periods have ids, each its own", (m) => isUnique(all(m, "Period").map((p) => p.attributes["id"]))],
  ["5.3.2.1 starts increase", (m) => starts(m).every((start, i, list) => i === 0 || start > list[i - 1]!)],
  [
    "5.3.2.1 a period ends before the next begins",
    (m) =>
      all(m, "Period").every(
        (period, i, list) => i + 1 === list.length || mediaEnd(period) <= starts(m)[i + 1]! + 0.001
      )
  ],
  ["5.3.3.2 mimeType", (m) => sets(m).every((s) => s.attributes["mimeType"] === `${s.attributes["contentType"]}/mp4`)],
  [
    "5.3.5.2 representation ids are unique in a period",
    (m) => all(m, "Period").every((period) => isUnique(all(period, "Representation").map((r) => r.attributes["id"])))
  ],
  ["5.3.5.2 bandwidth", (m) => all(m, "Representation").every((r) => count(r.attributes["bandwidth"]) > 0)],
  ["RFC 6381 codecs", (m) => all(m, "Representation").every((r) => codecs.test(r.attributes["codecs"] ?? ""))],
  [
    "5.3.7.2 pictures have a size",
    (m) =>
      sets(m).every(
        (s) => s.attributes["contentType"] !== "video" || count(all(s, "Representation")[0]!.attributes["width"]) > 0
      )
  ],
  [
    "5.3.9.4.2 media with $Number$ or $Time$",
    (m) => all(m, "SegmentTemplate").every((t) => /\$(?:Number|Time)\$/.test(t.attributes["media"] ?? ""))
  ],
  [
    "5.3.9.4.4 no $ but those of identifiers",
    (m) =>
      all(m, "SegmentTemplate").every(({ attributes }) =>
        [attributes["media"], attributes["initialization"]].every(
          (text) => !text!.replaceAll(/\$(?:RepresentationID|Number|Time)?\$/g, "").includes("$")
        )
      )
  ],
  ["5.3.9.6 every timeline has segments", (m) => sets(m).every((set) => timelineOf(set).segments.length > 0)],
  [
    "5.3.9.6.2 segments last and do not overlap",
    (m) =>
      sets(m).every((set) => {
        const { segments } = timelineOf(set)
        return segments.every(
          (s, i) => s.duration > 0 && (i === 0 || segments[i - 1]!.time + segments[i - 1]!.duration <= s.time + 1)
        )
      })
  ],
  [
    "5.3.9.2 segments are in their period",
    (m) =>
      sets(m).every((set) => {
        const { offset, segments } = timelineOf(set)
        return segments[0]!.time + segments[0]!.duration > offset
      })
  ],
  [
    "5.3.1.2 no segment is longer than maxSegmentDuration",
    (m) =>
      sets(m).every((set) => {
        const { segments, timescale } = timelineOf(set)
        const most = secondsOf(m.attributes["maxSegmentDuration"]) + 0.001
        return segments.every((segment) => segment.duration / timescale <= most)
      })
  ],
  [
    "5.3.1.2 the window holds what is listed",
    (m) => {
      const period = all(m, "Period")[0]!
      const first = Math.min(
        ...sets(period).map((set) => {
          const { offset, segments, timescale } = timelineOf(set)
          return secondsOf(period.attributes["start"]) + (segments[0]!.time - offset) / timescale
        })
      )
      return secondsOf(m.attributes["timeShiftBufferDepth"]) + 0.01 >= mediaEnd(all(m, "Period").at(-1)!) - first
    }
  ],
  ["5.8.5.7 UTCTiming", (m) => all(m, "UTCTiming").every(({ attributes }) => isClock(attributes))],
  [
    "5.3.9.5.3 what is announced follows, and can be had before it is whole",
    (m) =>
      all(m, "Period").every((period, i, periods) =>
        sets(period).every((set) => {
          const { announced, segments, timescale } = timelineOf(set)
          const { attributes } = all(set, "SegmentTemplate")[0]!
          if (announced.length === 0) return Number(attributes["availabilityTimeOffset"] ?? 0) === 0
          const [first, second] = announced as [Segment, Segment]
          const last = segments.at(-1)!
          const offset = Number(attributes["availabilityTimeOffset"])
          return (
            i === periods.length - 1 &&
            attributes["availabilityTimeComplete"] === "false" &&
            first.time === last.time + last.duration &&
            second.time === first.time + first.duration &&
            offset < first.duration / timescale
          )
        })
      )
  ],
  [
    "5.13.2 a latency counts from a reference that there is",
    (m) =>
      all(m, "Latency").every(({ attributes }) => {
        const references = all(m, "ProducerReferenceTime")
        return (
          count(attributes["target"]) > 0 &&
          references.length === sets(m).length &&
          references.every((reference) => reference.attributes["id"] === attributes["referenceId"])
        )
      })
  ],
  [
    "5.12.2 the reference is the wall clock at the start of the period",
    (m) =>
      all(m, "Period").every((period) =>
        sets(period).every((set) =>
          all(set, "ProducerReferenceTime").every(({ attributes }) => {
            const start = Date.parse(m.attributes["availabilityStartTime"]!)
            const here = start + 1000 * secondsOf(period.attributes["start"])
            return (
              Math.abs(Date.parse(attributes["wallClockTime"]!) - here) < 2 &&
              count(attributes["presentationTime"]) === timelineOf(set).offset
            )
          })
        )
      )
  ]
]

const isClock = ({ schemeIdUri, value }: Element["attributes"]): boolean => {
  if (schemeIdUri === "urn:mpeg:dash:utc:direct:2014") return isDate(value)
  return schemeIdUri === "urn:mpeg:dash:utc:http-xsdate:2014" && /^https?:\/\/\S+$/.test(value ?? "")
}

/** Rules between one MPD and a later one of the same presentation (5.4). */
const updateRules: ReadonlyArray<readonly [clause: string, holds: (before: Element, after: Element) => boolean]> = [
  [
    "5.4.1 availabilityStartTime stays",
    (a, b) => a.attributes["availabilityStartTime"] === b.attributes["availabilityStartTime"]
  ],
  ["5.4.1 publishTime does not go back", (a, b) => a.attributes["publishTime"]! <= b.attributes["publishTime"]!],
  [
    "5.4.1 a period keeps its start",
    (a, b) =>
      all(a, "Period").every((period) =>
        all(b, "Period").every(
          (later) =>
            later.attributes["id"] !== period.attributes["id"] ||
            later.attributes["start"] === period.attributes["start"]
        )
      )
  ],
  [
    "5.4.1 a number keeps its segment",
    (a, b) => {
      const times = new Map(numbered(a))
      return numbered(b).every(([key, time]) => !times.has(key) || times.get(key) === time)
    }
  ]
]

/** Segments by kind and number. */
export const numbered = (mpd: Element): ReadonlyArray<readonly [key: string, time: string]> =>
  all(mpd, "Period").flatMap((period) =>
    sets(period).flatMap((set) => {
      const { kind, segments, startNumber } = timelineOf(set)
      const at = ({ duration, time }: { readonly time: number; readonly duration: number }) =>
        `${period.attributes["id"]}:${time}+${duration}`
      return segments.map((segment, i) => [`${kind}-${startNumber + i}`, at(segment)] as const)
    })
  )

/** The clauses that are broken. */
export const checkMpd = (text: string, before?: string): ReadonlyArray<string> => {
  const mpd = parseXml(text.trim())
  const broken = rules.filter(([, holds]) => !holds(mpd)).map(([clause]) => clause)
  if (before === undefined) return broken
  const earlier = parseXml(before.trim())
  return [...broken, ...updateRules.filter(([, holds]) => !holds(earlier, mpd)).map(([clause]) => clause)]
}
