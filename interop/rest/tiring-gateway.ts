import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands before a REST catalog whose clients sign in by OAuth2, and lets each token be used a few times only. */
export type TiringGateway = {
  readonly url: string
  /** Tokens that were handed out. */
  tokens(): number
  /** Requests that were refused for a token that had been used too often. */
  refusals(): number
  close(): Promise<void>
}

/** @param uses of one token, after which it is answered 401, as one that has ended is */
export async function startTiringGateway(target: string, uses: number): Promise<TiringGateway> {
  const used = new Map<string, number>()
  let tokens = 0
  let refusals = 0
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    const { url = '/', method = 'GET', headers } = request
    if (url.endsWith('/oauth/tokens')) tokens += 1
    else {
      const { authorization = '' } = headers
      const count = (used.get(authorization) ?? 0) + 1
      used.set(authorization, count)
      if (count > uses) {
        refusals += 1
        request.resume()
        const error = { message: 'the token has ended', type: 'NotAuthorizedException', code: 401 }
        return void response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
      }
    }
    const forward = send(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    forward.on('error', () => response.destroy())
    request.pipe(forward)
  }
  const server = createServer(pass).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: () => tokens,
    refusals: () => refusals,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
