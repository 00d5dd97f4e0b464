/**
 * What a player tells of itself with its requests: common media client data (CTA-5004), in the query or in headers. Kept as
 * it came, and read when somebody wants to see it: reading costs 30 µs, and players tell with each request.
 */

/** A longer report is passed over: those of real players have some hundred characters. */
export const maxReportLength = 2048

export const reportParameter = "CMCD"

/** The keys are spread over them by how often they change; in a row they are one dictionary. */
const headerNames = ["cmcd-request", "cmcd-object", "cmcd-status", "cmcd-session"]

/** Empty if nothing is told. */
export const reportOf = (query: ReadonlyMap<string, string>, headers: ReadonlyMap<string, string>): string =>
  query.get(reportParameter) ?? headerNames.flatMap((name) => headers.get(name) ?? []).join(",")

/** The key `bs`: the buffer has run empty since the last report. */
const starved = /(?:^|,)\s*bs(?:=\?1)?\s*(?=,|$)/

export class PlayerReports {
  /** The newest, as it came. */
  last = ""
  count = 0
  /** Reports of an empty buffer. */
  starvations = 0

  note(report: string): void {
    if (report === "" || report.length > maxReportLength) return
    this.last = report
    this.count++
    if (starved.test(report)) this.starvations++
  }
}
