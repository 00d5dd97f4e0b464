/** Listens on Bun's own sockets. */
import * as util from "node:util"
import type * as BunModule from "bun"
import * as Effect from "effect/Effect"
import { type Endpoint, TransportFailed } from "../../services/Transport.ts"
import { BunConnection, type BunSocket } from "./BunConnection.ts"
import { handshakeTimeoutMillis, keepAliveMillis } from "./patience.ts"

declare const Bun: typeof BunModule

/** Whether this runtime has them. */
export const isBun = "Bun" in globalThis

export interface BunServer {
  readonly port: number
  /** Listens no more; connections stay. */
  readonly close: () => void
}

const handlers = (
  encrypted: boolean,
  accept: (connection: BunConnection) => void
): BunModule.SocketHandler<BunConnection> => {
  const opened = (socket: BunModule.Socket<BunConnection>): void => {
    const connection = new BunConnection(socket as BunSocket, encrypted)
    socket.data = connection
    socket.setKeepAlive(true, keepAliveMillis)
    accept(connection)
  }
  const waiting = new Map<BunModule.Socket<BunConnection>, ReturnType<typeof setTimeout>>()
  const stopWaiting = (socket: BunModule.Socket<BunConnection>): void => {
    clearTimeout(waiting.get(socket))
    waiting.delete(socket)
  }
  /** Over TLS nothing may be written before the handshake is done, which has its time. */
  const overTls: Partial<BunModule.SocketHandler<BunConnection>> = {
    open: (socket) =>
      void waiting.set(
        socket,
        setTimeout(() => socket.terminate(), handshakeTimeoutMillis)
      ),
    handshake: (socket, success) => {
      stopWaiting(socket)
      if (success) opened(socket)
      else socket.end()
    }
  }
  return {
    ...(encrypted ? overTls : { open: opened }),
    data: (socket, bytes) => socket.data?.arrived(bytes),
    drain: (socket) => socket.data?.drain(),
    end: (socket) => socket.data?.ended("peer closed"),
    close: (socket, error) => {
      stopWaiting(socket)
      socket.data?.ended(error?.message ?? "peer closed")
    },
    error: (socket, error) => socket.data?.ended(error.message)
  }
}

/** `tls` is the text of PEM files. */
export const listenOnBun = (
  { host, port }: Endpoint,
  tls: { readonly key: Uint8Array; readonly cert: Uint8Array } | undefined,
  accept: (connection: BunConnection) => void
): Effect.Effect<BunServer, TransportFailed> =>
  Effect.try({
    try: () => {
      const server = Bun.listen<BunConnection>({
        hostname: host === "" ? "::" : host,
        port,
        ...(tls === undefined ? {} : { tls: { key: Buffer.from(tls.key), cert: Buffer.from(tls.cert) } }),
        socket: handlers(tls !== undefined, accept)
      })
      return { port: server.port, close: () => server.stop(false) }
    },
    catch: (error) =>
      new TransportFailed({
        action: "listen",
        endpoint: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
        reason: reasonOf(error)
      })
  })

/** Bun's own message says nothing more than that it failed. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { errno } = error as NodeJS.ErrnoException
  const [code, text] = (errno === undefined ? undefined : util.getSystemErrorMap().get(-Math.abs(errno))) ?? []
  return code === undefined ? error.message : `${code}: ${text}`
}
