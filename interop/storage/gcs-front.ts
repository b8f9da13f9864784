import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

export type GcsFront = { readonly endpoint: string; close(): Promise<void> }

/**
 * Stands before fake-gcs-server and does what Google's store does and that server lacks: uploads in parts by the XML API,
 * batches whose calls end without an empty line. It refuses what Google refuses: more than 100 calls in a batch, and parts
 * that are too small.
 */
export async function gcsFront(target: string): Promise<GcsFront> {
  const uploads: Uploads = []
  const server = createServer((request, response) => {
    answer(request, target, uploads)
      .then((answered) => send(response, answered))
      .catch(() => request.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Those that were begun, by number; one that is completed is empty. */
type Uploads = (Map<number, Buffer> | undefined)[]

const BATCH_CALLS = 100
const PART_BYTES = 5 * 2 ** 20

async function answer(request: IncomingMessage, target: string, uploads: Uploads): Promise<Response> {
  const { method = '', url = '' } = request
  const body = await buffer(request)
  const { pathname, searchParams } = new URL(url, target)
  const upload = searchParams.get('uploadId')
  if (searchParams.has('uploads')) return begin(uploads)
  if (upload !== null && method === 'PUT') {
    return keepPart(uploads[Number(upload)], Number(searchParams.get('partNumber')), body)
  }
  if (upload !== null && method === 'POST') {
    const parts = uploads[Number(upload)]
    uploads[Number(upload)] = undefined
    return complete(target, pathname, parts)
  }
  if (pathname.startsWith('/batch/')) return passBatch(request, target, body)
  return pass(request, target, body)
}

function begin(uploads: Uploads): Response {
  const id = uploads.push(new Map()) - 1
  return new Response(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
}

function keepPart(parts: Map<number, Buffer> | undefined, number: number, body: Buffer): Response {
  if (parts === undefined) return new Response('<Error><Code>NoSuchUpload</Code></Error>', { status: 404 })
  parts.set(number, body)
  return new Response(null, { headers: { etag: `"${number}"` } })
}

/** Makes the object of its parts, by a plain upload. */
async function complete(target: string, pathname: string, parts: Map<number, Buffer> | undefined): Promise<Response> {
  if (parts === undefined) return new Response('<Error><Code>NoSuchUpload</Code></Error>', { status: 404 })
  const inOrder = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part)
  if (inOrder.slice(0, -1).some((part) => part.length < PART_BYTES)) {
    return new Response('<Error><Code>EntityTooSmall</Code></Error>', { status: 400 })
  }
  const [, bucket = '', ...key] = pathname.split('/')
  const name = encodeURIComponent(decodeURIComponent(key.join('/')))
  const made = await fetch(`${target}/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${name}`, {
    method: 'POST',
    body: Buffer.concat(inOrder),
  })
  assert.equal(made.status, 200, await made.text())
  return new Response('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>')
}

function passBatch(request: IncomingMessage, target: string, body: Buffer): Promise<Response> | Response {
  const calls = body.toString('latin1').split('HTTP/1.1\r\n').length - 1
  if (calls > BATCH_CALLS) return new Response(`a batch of ${calls} calls`, { status: 400 })
  const ended = body.toString('latin1').replaceAll('HTTP/1.1\r\n\r\n--', 'HTTP/1.1\r\n\r\n\r\n--')
  return pass(request, target, Buffer.from(ended, 'latin1'))
}

function pass({ method = '', url = '', headers }: IncomingMessage, target: string, body: Buffer): Promise<Response> {
  const kept = ['content-type', 'range', 'accept-encoding'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  const withBody = method !== 'GET' && method !== 'HEAD'
  return fetch(`${target}${url}`, { method, headers: Object.fromEntries(kept), ...(withBody && { body }) })
}

async function send(response: ServerResponse, answered: Response): Promise<void> {
  const body = Buffer.from(await answered.arrayBuffer())
  const headers = [...answered.headers].filter(
    ([name]) => !/^(transfer-encoding|connection|content-encoding)$/.test(name),
  )
  response.writeHead(answered.status, { ...Object.fromEntries(headers), 'content-length': body.length })
  response.end(body)
}
