import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What happens to a call: it gets lost on the way there or back, or it is answered with a failure, made or not. */
export type GlueFault =
  | 'lose-request'
  | 'lose-answer'
  | { readonly status: number; readonly type: string; readonly isApplied: boolean; readonly message?: string }

/** Stands before a server that speaks Glue's protocol. */
export type LossyGlueProxy = {
  readonly endpoint: string
  /** What the next calls of the operation come to, one each. */
  next(operation: string, ...faults: readonly GlueFault[]): void
  /** Runs once, when the next call of the operation has arrived and before it goes on. */
  before(operation: string, run: () => Promise<void>): void
  /** Faults that were asked for and did not happen. */
  pending(): number
  close(): Promise<void>
}

export async function startLossyGlueProxy(target: string): Promise<LossyGlueProxy> {
  const faults = new Map<string, GlueFault[]>()
  const hooks = new Map<string, () => Promise<void>>()
  const server = createServer((request, response) => {
    void pass(request, response)
  })
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target'] ?? '').replace('AWSGlue.', '')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const hook = hooks.get(operation)
    hooks.delete(operation)
    await hook?.()
    const fault = faults.get(operation)?.shift()
    if (fault === 'lose-request') return void request.socket.destroy()
    if (typeof fault === 'object' && !fault.isApplied) return refuse(response, fault)
    const answer = await forward(target, request, Buffer.concat(chunks))
    if (fault === 'lose-answer') return void request.socket.destroy()
    if (fault !== undefined) return refuse(response, fault)
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    next: (operation, ...more) => faults.set(operation, [...(faults.get(operation) ?? []), ...more]),
    before: (operation, run) => hooks.set(operation, run),
    pending: () => [...faults.values()].flat().length + hooks.size,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function refuse(response: ServerResponse, { status, type, message }: Exclude<GlueFault, string>): void {
  const headers = { 'content-type': 'application/x-amz-json-1.1' }
  response.writeHead(status, headers).end(JSON.stringify({ __type: type, Message: message ?? 'as asked for' }))
}

async function forward(target: string, { url, headers }: IncomingMessage, body: Buffer) {
  const { 'x-amz-target': operation, authorization, 'content-type': type } = headers
  const sent = { 'x-amz-target': String(operation), authorization: String(authorization), 'content-type': String(type) }
  const answer = await fetch(`${target}${url ?? '/'}`, { method: 'POST', headers: sent, body })
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', body: await answer.text() }
}
