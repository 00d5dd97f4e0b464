/** What a real server holds of its clients: by its own log and API, and by the kernel's tables. Looks once, never waits. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { connect } from "node:net"

// Process and session, either of which may be all digits.
const opened = /\[\d+\]\[(\w+)\] \w+ client ip=(\S+:\d+),/
const closed =
  /\[(?:INFO|WARN|ERROR)\]\[\d+\]\[(\w+)\](?:\[\d+\])? (?:client finished|client disconnect peer|serve error code=)/

/**
 * Connections whose session a log has seen begin and not end, by id, with their addresses. A viewer of files, who comes
 * and goes with each, has no port, and is remembered for a while.
 */
export class OpenSessions {
  readonly #open = new Map<string, string>()
  #pending = ""
  /** Connections that have come and were let in. */
  arrived = 0

  /** Takes the next piece of the log. */
  readonly push = (bytes: Uint8Array): void => {
    const lines = (this.#pending + Buffer.from(bytes).toString("latin1")).split("\n")
    this.#pending = lines.pop() ?? ""
    for (const line of lines) {
      const [, id, address] = opened.exec(line) ?? []
      if (id !== undefined && address !== undefined) this.#open.set(id, address)
      if (id !== undefined) this.arrived++
      this.#open.delete(closed.exec(line)?.[1] ?? "")
    }
  }

  get size(): number {
    return this.#open.size
  }

  describe(): string {
    return [...this.#open].map(([id, address]) => `${id} of ${address}`).join(", ")
  }
}

/** Descriptors of a process that are sockets, by inode. One that closes while this looks is none. */
export const socketsOf = (pid: number): ReadonlySet<string> => {
  const folder = `/proc/${pid}/fd`
  const links = readdirSync(folder).map((descriptor) => {
    try {
      return readlinkSync(`${folder}/${descriptor}`)
    } catch {
      return ""
    }
  })
  return new Set(links.flatMap((link) => link.match(/^socket:\[(\d+)\]$/)?.[1] ?? []))
}

const tableOf = (pid: number, table: string): ReadonlyArray<ReadonlyArray<string>> =>
  readFileSync(`/proc/${pid}/net/${table}`, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))

/** Those of these sockets that are the network's: others are pipes to programs. */
export const networkSockets = (pid: number, inodes: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (inodes.length === 0) return inodes
  const known = ["tcp", "tcp6", "udp", "udp6"].flatMap((table) => tableOf(pid, table).map((fields) => fields[9]))
  return inodes.filter((inode) => known.includes(inode))
}

const listening = "0A"

/** Connections that clients made to these ports of the process, and that it has not closed: the addresses of their ends. */
export const connectionsOf = (pid: number, ports: ReadonlyArray<number>): ReadonlyArray<string> => {
  const held = socketsOf(pid)
  const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, "0")))
  return ["tcp", "tcp6"].flatMap((table) =>
    tableOf(pid, table)
      .filter(([, local = "", , state, , , , , , inode = ""]) => {
        return state !== listening && held.has(inode) && wanted.has(local.split(":")[1] ?? "")
      })
      .map(([, local, remote]) => `${local} ${remote}`)
  )
}

/** One GET on a connection of its own, which is there when `look` looks, and alone. */
export const ask = (port: number, path: string, look: () => void): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`))
    let answer = ""
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text
      const length = answer.match(/\r\ncontent-length: (\d+)\r\n/i)?.[1]
      const head = answer.indexOf("\r\n\r\n") + 4
      if (length === undefined || head < 4 || answer.length < head + Number(length)) return
      try {
        look()
        resolve(answer.slice(head))
      } catch (error) {
        reject(error)
      }
      socket.destroy()
    })
    socket.on("error", reject).on("close", () => reject(new Error(`no answer to ${path}: ${answer}`)))
  })
