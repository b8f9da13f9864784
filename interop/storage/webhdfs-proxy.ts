import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** A call to the name node, or its answer. */
export type NameNodeMessage = {
  readonly kind: 'request' | 'answer'
  readonly operation: string
  readonly path: string
  /** Of a rename. */
  readonly destination: string
}

/** What stands between a client and the name node's HTTP port; data nodes are reached past it. */
export type NameNodeProxy = {
  /** `host:port` */
  readonly address: string
  /** Sees every message before it goes on; `drop` ends the connection instead. */
  tap: (message: NameNodeMessage) => Promise<'forward' | 'drop'>
  close(): Promise<void>
}

export async function nameNodeProxy(target: string): Promise<NameNodeProxy> {
  const agent = new Agent() // no connection outlives the server that is killed
  const [host, port] = target.split(':')
  const handle = async (call: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const url = new URL(call.url ?? '/', `http://${target}`)
    const message = {
      operation: url.searchParams.get('op') ?? '',
      path: decodeURIComponent(url.pathname.replace('/webhdfs/v1', '')),
      destination: url.searchParams.get('destination') ?? '',
    }
    try {
      if ((await self.tap({ kind: 'request', ...message })) === 'drop') return response.destroy()
      const forwarded = request({ agent, host, port, method: call.method, path: call.url, headers: call.headers })
      call.pipe(forwarded)
      const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
      const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>))
      if ((await self.tap({ kind: 'answer', ...message })) === 'drop') return response.destroy()
      return response.writeHead(answer.statusCode ?? 500, answer.headers).end(body)
    } catch {
      return response.destroy() // as the name node's connection was
    }
  }
  const server = createServer((call, response) => void handle(call, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const self: NameNodeProxy = {
    address: `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : ''}`,
    tap: async () => 'forward',
    async close() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
  return self
}
