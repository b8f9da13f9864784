import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { systemClock } from '@moraine/stdx/clock'
import { type SigningAccount, type WireRequest, whyRefused } from './sigv4-check.ts'

/** Stands before a REST catalog as S3 Tables does: each request is signed, and a bucket's name is in each path. */
export type S3TablesGateway = {
  readonly url: string
  /** Requests that were let through, by whose user agent. */
  readonly passed: ReadonlyMap<string, number>
  close(): Promise<void>
}

/** The bucket, as S3 Tables has it in paths. */
const PREFIX = encodeURIComponent('arn:aws:s3tables:us-east-1:123456789012:bucket/lab')
const AS_IT_IS = new Set(['content-type', 'etag', 'if-none-match', 'idempotency-key', 'x-iceberg-access-delegation'])

export async function startS3TablesGateway(target: string, account: SigningAccount): Promise<S3TablesGateway> {
  const passed = new Map<string, number>()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { url = '/', method = 'GET' } = request
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const signed = { method, target: url, headers, body: await buffer(request) }
    const refusal = whyRefused(signed, account, systemClock.now())
    if (refusal !== undefined) return sendJson(response, 403, { message: refusal })
    const agent = headers['user-agent'] ?? ''
    passed.set(agent, (passed.get(agent) ?? 0) + 1)
    if (url.startsWith('/v1/config')) {
      const config = (await (await forward(target, signed)).json()) as { readonly overrides: object }
      return sendJson(response, 200, { ...config, overrides: { ...config.overrides, prefix: PREFIX } })
    }
    if (!url.startsWith(`/v1/${PREFIX}/`)) return sendJson(response, 404, { message: 'no such bucket' })
    const from = await forward(target, { ...signed, target: url.replace(`/v1/${PREFIX}/`, '/v1/') })
    response.writeHead(from.status, Object.fromEntries(chosen(Object.fromEntries(from.headers))))
    response.end(Buffer.from(await from.arrayBuffer()))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function forward(target: string, { method, target: path, headers, body }: WireRequest): Promise<Response> {
  return fetch(`${target}${path}`, {
    method,
    headers: chosen(headers),
    ...(body.length > 0 && { body: new Uint8Array(body) }),
  })
}

function chosen(headers: WireRequest['headers']): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    value !== undefined && AS_IT_IS.has(name) ? [[name, value] as [string, string]] : [],
  )
}

/** As AWS words a refusal: without the error model of the protocol. */
function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
