import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { assert } from '@moraine/stdx/assert'

/**
 * What becomes of an exchange. `swallow`: the request is carried out and its answer lost; `lose`: neither arrives; `late`:
 * as lost, but the request is kept and carried out when asked; a status: carried out, and answered with that instead.
 */
export type Fate = 'forward' | 'swallow' | 'lose' | 'late' | { readonly status: number }

export type HttpProxy = {
  readonly port: number
  /** Asked for each request by method and path; until it answers, the request waits. */
  fate: (method: string, path: string) => Fate | Promise<Fate>
  /** Carries out what was to be late; resolves with the status of each answer, which nobody else sees. */
  catchUp(): Promise<readonly number[]>
  close(): Promise<void>
}

type Kept = { readonly near: IncomingMessage; readonly body: Buffer }

/** Stands between HTTP clients and a service on this machine, and loses what a test wants to be lost. */
export async function httpProxy(target: URL): Promise<HttpProxy> {
  const late: Kept[] = []
  const pass = async (near: IncomingMessage, answer: ServerResponse) => {
    const body = Buffer.concat(await near.toArray())
    const fate = await proxy.fate(near.method ?? '', near.url ?? '')
    if (fate === 'late') late.push({ near, body })
    if (fate === 'late' || fate === 'lose') return void near.socket.destroy()
    const { response, content } = await send(target, { near, body })
    if (fate === 'swallow') return void near.socket.destroy()
    if (fate === 'forward') answer.writeHead(response.statusCode ?? 0, response.rawHeaders).end(content)
    else answer.writeHead(fate.status).end()
  }
  const server = createServer((near, answer) => {
    pass(near, answer).catch(() => near.socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(typeof address === 'object' && address !== null, 'an address')
  const proxy: HttpProxy = {
    port: address.port,
    fate: () => 'forward',
    async catchUp() {
      const statuses: number[] = []
      for (const kept of late.splice(0)) statuses.push((await send(target, kept)).response.statusCode ?? 0)
      return statuses
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return proxy
}

async function send(target: URL, { near, body }: Kept) {
  const { method = '', url = '', rawHeaders } = near
  const far = request({ host: target.hostname, port: target.port, method, path: url, headers: rawHeaders }).end(body)
  const [response] = (await once(far, 'response')) as [IncomingMessage]
  return { response, content: Buffer.concat(await response.toArray()) }
}
