import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** One request on its way to the store, or the answer on its way back. */
export type S3Message = {
  readonly kind: 'request' | 'answer'
  readonly method: string
  /** Decoded, without the bucket; empty for the bucket itself. */
  readonly key: string
  /** As it was sent, with the question mark; empty if there is none. */
  readonly query: string
}

/** Sees every message before it goes on. One that is dropped breaks the connection. */
export type S3Tap = (message: S3Message) => Promise<'forward' | 'drop'> | 'forward' | 'drop'

export type S3Proxy = {
  readonly port: number
  tap: S3Tap
  /** Requests since the last time it was asked, by method. */
  takeCounts(): ReadonlyMap<string, number>
  close(): Promise<void>
}

/** Stands between clients and a store, so that a test can act between any two messages of theirs. */
export async function s3Proxy(targetPort: number): Promise<S3Proxy> {
  let counts = new Map<string, number>()
  const server = createServer((near, answer) => {
    counts.set(near.method ?? '', (counts.get(near.method ?? '') ?? 0) + 1)
    pass(near, answer, targetPort, (message) => proxy.tap(message)).catch(() => near.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const proxy: S3Proxy = {
    port: address.port,
    tap: () => 'forward',
    takeCounts() {
      const taken = counts
      counts = new Map()
      return taken
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return proxy
}

/** @throws whatever breaks on the way: then the client's connection is to be broken as well */
async function pass(near: IncomingMessage, answer: ServerResponse, port: number, tap: S3Tap): Promise<void> {
  const about = describe(near)
  if ((await tap({ kind: 'request', ...about })) === 'drop') throw new Error('dropped')
  // As it came, with its `host`, which is part of what the client signed.
  const { method = '', url = '', rawHeaders } = near
  const far = request({ host: '127.0.0.1', port, method, path: url, headers: rawHeaders })
  near.on('error', () => far.destroy()).pipe(far)
  const [response] = (await once(far, 'response')) as [IncomingMessage]
  if ((await tap({ kind: 'answer', ...about })) === 'drop') {
    response.destroy()
    throw new Error('dropped')
  }
  answer.writeHead(response.statusCode ?? 0, response.rawHeaders)
  response.on('error', () => near.socket.destroy()).pipe(answer)
}

function describe({ method = '', url = '' }: IncomingMessage): Omit<S3Message, 'kind'> {
  const [path = '', ...query] = url.split('?')
  const key = path.split('/').slice(2).map(decodeURIComponent).join('/')
  return { method, key, query: query.length === 0 ? '' : `?${query.join('?')}` }
}
