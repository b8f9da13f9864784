import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server on which calls get lost when a test says so. */
export type LossyProxy = {
  readonly port: number
  /** The next call of the method does not arrive; its connection breaks. */
  loseNextRequest(method: string): void
  /** The next call of the method is carried out; its connection breaks instead of the answer. */
  loseNextAnswer(method: string): void
  close(): Promise<void>
}

/** Takes the calls of a connection one after another, as a metastore does. */
export async function startLossyProxy(targetPort: number): Promise<LossyProxy> {
  const lost = new Map<string, 'request' | 'answer'>()
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect({ host: '127.0.0.1', port: targetPort })
    let losesAnswer = false
    const end = () => {
      client.destroy()
      target.destroy()
    }
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', end).on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    client.on('data', (chunk: Buffer) => {
      const method = [...lost.keys()].find((name) => chunk.subarray(0, 100).includes(name))
      const fault = method === undefined ? undefined : lost.get(method)
      if (method !== undefined) lost.delete(method)
      if (fault === 'request') return end()
      losesAnswer = losesAnswer || fault === 'answer'
      target.write(chunk)
    })
    target.on('data', (chunk: Buffer) => {
      if (losesAnswer) end()
      else client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    loseNextRequest: (method) => lost.set(method, 'request'),
    loseNextAnswer: (method) => lost.set(method, 'answer'),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
