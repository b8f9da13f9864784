import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands before a database, and cuts the connection over which the next commit comes. */
export type CuttingProxy = {
  readonly port: number
  /** `answer`: once the server has made the commit; `request`: before it hears of it. */
  cutNext(what: 'answer' | 'request'): void
  close(): Promise<void>
}

export async function startCuttingProxy(serverPort: number): Promise<CuttingProxy> {
  let cutting: 'answer' | 'request' | undefined
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1')
    let isDeaf = false
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', (chunk) => {
      // In either protocol only what changes a pointer sends the name of a metadata file.
      const what = chunk.includes('.metadata.json') ? cutting : undefined
      if (what !== undefined) cutting = undefined
      if (what === 'request') return cut()
      if (what === 'answer') isDeaf = true
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (isDeaf) cut()
      else client.write(chunk)
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cutNext(what) {
      cutting = what
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
