/** Ports that were free a moment ago. */
import { createServer, type Server } from "node:net"

const listen = (): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => resolve(server))
  })

const close = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    server.close(() => resolve(port))
  })

/** All are held at the same time before they are given back, so they differ. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  return Promise.all(servers.map(close))
}
