import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/**
 * A server on 127.0.0.1 that takes connections as PostgreSQL does and says within the same packet that it ends them (SQLSTATE
 * 57P01), as one does whose postmaster was killed: the client is told while it has not yet handed the connection to its user.
 * Frames as in PostgreSQL's documentation, "Message Formats".
 */
export async function endingPostgres(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, ENDED])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}

function message(type: string, content: string): Buffer {
  const bytes = Buffer.from(content, 'latin1')
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}

const AUTHENTICATED = message('R', '\0\0\0\0')
const READY = message('Z', 'I')
const ENDED = message('E', 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0')
