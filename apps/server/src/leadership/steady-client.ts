import type { Socket } from 'node:net'
import zookeeper, { type Client } from 'node-zookeeper-client'

/** A client of the library, and what it lacks. */
export type SteadyClient = {
  readonly client: Client
  /** Cuts the connection. The client then connects to the next server, in the same session. */
  cut(): void
  /** Ends all without a word to the server, which may not hear it: there the session runs out. */
  abandon(): void
}

/**
 * A client whose faults end a connection, not the process. They can only be mended from within:
 *
 * - It decodes within an event of its socket, and throws at codes of errors that it does not know, of which newer servers
 *   have some (quotas, throttling, SASL that is required): nobody could catch that.
 * - Half a message that was left when a connection broke is put before the first of the next one.
 * - It has no limit for a server that takes a connection and is silent.
 * - One that is closed while it waits to connect again connects, and so prolongs its session.
 */
export function steadyClient(servers: readonly string[], sessionTimeoutMs: number): SteadyClient {
  const options = { sessionTimeout: sessionTimeoutMs, spinDelay: 1000, retries: 0 }
  const client = zookeeper.createClient(servers.join(','), options)
  // A part of the library that its types leave out; the version is pinned.
  const { connectionManager: connection } = client as Client & { readonly connectionManager: Connection }
  let isAbandoned = false
  const cut = () => void connection.socket?.destroy()
  const read = connection.onSocketData
  connection.onSocketData = (chunk) => {
    try {
      read.call(connection, chunk)
    } catch {
      cut()
    }
  }
  const findServer = connection.findNextServer
  connection.findNextServer = (onFound) =>
    findServer.call(connection, (server) => {
      if (!isAbandoned) onFound(server)
    })
  client.on('disconnected', () => {
    connection.pendingBuffer = null
  })
  const abandon = () => {
    if (isAbandoned) return
    isAbandoned = true
    if (connection.socket !== undefined) client.close() // or it would connect again
    cut()
  }
  return { client, cut, abandon }
}

type Connection = {
  socket?: Socket
  pendingBuffer: Buffer | null
  onSocketData(chunk: Buffer): void
  findNextServer(onFound: (server: unknown) => void): void
}
