/** Users and groups as `/etc/passwd` and `/etc/group` have them (passwd(5), group(5)). */

export interface UserEntry {
  readonly name: string
  readonly uid: number
  /** Of its own group. */
  readonly gid: number
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined

const linesOf = (text: string): ReadonlyArray<ReadonlyArray<string>> => text.split("\n").map((line) => line.split(":"))

/** By name or number. */
export const findUser = (passwd: string, user: string): UserEntry | undefined => {
  for (const [name = "", , uidText, gidText] of linesOf(passwd)) {
    const [uid, gid] = [number(uidText), number(gidText)]
    if (uid !== undefined && gid !== undefined && (name === user || uidText === user)) return { name, uid, gid }
  }
  return undefined
}

export const findGroup = (groups: string, group: string): number | undefined => {
  for (const [name, , gidText] of linesOf(groups)) if (name === group || gidText === group) return number(gidText)
  return undefined
}
