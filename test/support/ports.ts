/**
 * Free ports below the range from which the kernel takes ports for outgoing connections, so that none of those gets in
 * between. Each test process begins at a place of its own and goes on from there.
 */
import { createServer } from "node:net"

const lowest = 10_000
const count = 20_000
let next = (process.pid * 97) % count

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })

export const freePorts = async (wanted: number): Promise<ReadonlyArray<number>> => {
  const ports: Array<number> = []
  while (ports.length < wanted) {
    const port = lowest + next
    next = (next + 1) % count
    if (await isFree(port)) ports.push(port)
  }
  return ports
}
