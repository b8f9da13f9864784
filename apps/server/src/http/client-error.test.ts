import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { httpServer } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

const server = httpServer(buildOptions())
await server.start(new AbortController().signal)
after(() => server.stop())

/** What is answered to these bytes, which are no request that fetch would send. */
async function send(request: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const { hostname, port } = new URL(server.url())
  const socket = connect(Number(port), hostname)
  socket.write(request)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  assert.match(head, /content-type: application\/json/i)
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) }
}

const tooLong = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`

test('headers that are too long are refused in the words of the API that was asked', async () => {
  const message = 'the path and the headers of the request are too long: they may have 16 KiB together'
  assert.deepEqual(await send(tooLong('/iceberg/v1/config')), {
    status: 431,
    body: { error: { message, type: 'BadRequestException', code: 431 } },
  })
  assert.deepEqual(await send(tooLong('/api/ams/v1/catalogs')), {
    status: 431,
    body: { message, code: 431, kind: 'invalid-input', requestId: '' },
  })
})

test('what is no HTTP is refused, and says so', async () => {
  const message = 'what was sent is no HTTP request'
  const body = { message, code: 400, kind: 'invalid-input', requestId: '' }
  assert.deepEqual(await send('HELLO\r\n\r\n'), { status: 400, body })
})
