import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands before a server, and can be what a network is that loses everything: connections stay open, nothing passes. */
export type SilentProxy = {
  readonly address: string
  /** Whether anybody is connected. */
  isUsed(): boolean
  silence(): void
  /** What was lost stays lost: connections of before are cut, new ones are let through. */
  heal(): void
  close(): Promise<void>
}

export async function startSilentProxy(serverPort: number): Promise<SilentProxy> {
  let isSilent = false
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1')
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => void (isSilent || to.write(chunk)))
      from.on('error', cut)
      from.on('close', () => {
        sockets.delete(from)
        if (!isSilent) cut() // or the end would be heard
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    isUsed: () => sockets.size > 0,
    silence() {
      isSilent = true
    },
    heal() {
      isSilent = false
      cutAll()
    },
    async close() {
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}
