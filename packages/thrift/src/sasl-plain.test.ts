import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { thriftClient } from './client.ts'
import { isUnsent, ThriftConnection } from './connection.ts'
import { bindService, dispatchMessage } from './dispatch.ts'
import { method, service } from './service.ts'
import { f } from './struct.ts'
import { manualClock } from './testing/manual-clock.ts'
import { string } from './thrift-type.ts'
import { insideSaslFrames, messageStream } from './transport.ts'

const echo = service('Echo', { say: method({ text: f(1, string) }, string) })
const bound = bindService(echo, { say: ({ text }) => text })

function status(code: number, text = ''): Buffer {
  const bytes = Buffer.alloc(5 + text.length)
  bytes.writeUInt8(code)
  bytes.writeUInt32BE(text.length, 1)
  bytes.write(text, 5)
  return bytes
}

/** Answers the negotiation with `answer` and, if that ends it, calls inside of SASL's frames. */
async function saslServer(
  context: TestContext,
  answer: Buffer,
): Promise<{ port: number; negotiated: Promise<Buffer> }> {
  const { promise: negotiated, resolve } = Promise.withResolvers<Buffer>()
  const serve = (socket: Socket) => {
    socket.on('error', () => undefined)
    const stream = insideSaslFrames(messageStream('unframed', 1000), 1000)
    socket.once('data', (first: Buffer) => {
      resolve(first)
      socket.write(answer)
      socket.on('data', (chunk: Buffer) => {
        stream.push(chunk)
        for (let message = stream.next(); message !== undefined; message = stream.next()) {
          const about = { signal: new AbortController().signal, peer: 'test' }
          void dispatchMessage(message, [bound], about, 1000).then(({ reply }) => {
            // One reply in two frames, as nothing forbids.
            for (const half of [reply.subarray(0, 9), reply.subarray(9)]) socket.write(stream.encode(half))
          })
        }
      })
    })
  }
  const server = createServer(serve)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  context.after(() => server.close())
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, negotiated }
}

function connectTo(context: TestContext, port: number, clock = systemClock) {
  const sasl = { user: 'ann', password: 'secret' }
  const options = { host: '127.0.0.1', port, clock, transport: 'unframed', sasl, connectTimeoutMs: 5000 } as const
  const connection = new ThriftConnection(options)
  context.after(() => connection.close())
  return thriftClient(echo, connection, { isMultiplexed: false })
}

test('user and password are sent as RFC 4616 wants, and calls travel in frames', async (context) => {
  const { port, negotiated } = await saslServer(context, Buffer.concat([status(2), status(5)]))
  const client = connectTo(context, port)
  assert.deepEqual(await Promise.all([client.say({ text: 'one' }), client.say({ text: 'two' })]), ['one', 'two'])
  assert.equal((await negotiated).toString('latin1'), '\x01\0\0\0\x05PLAIN\x02\0\0\0\x0b\0ann\0secret')
})

test('a refusal is permission, in the words of the server and without the password', async (context) => {
  const { port } = await saslServer(context, status(3, 'no such user'))
  await assert.rejects(connectTo(context, port).say({ text: 'x' }), (error) => {
    assert.ok(isKind(error, 'permission'))
    assert.match(error.message, /refuses user ann: no such user/)
    assert.ok(!error.message.includes('secret'))
    return true
  })
})

test('a server that knows nothing of SASL has not been sent a call', async (context) => {
  for (const answer of [Buffer.from('HTTP/1.1 400 Bad Request'), status(5, 'x'.repeat(70_000)), status(1)]) {
    const { port } = await saslServer(context, answer)
    await assert.rejects(connectTo(context, port).say({ text: 'x' }), isUnsent)
  }
})

test('a client that was not told of SASL learns what to look at', async (context) => {
  const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.destroy()))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const connection = new ThriftConnection({ host: '127.0.0.1', port, clock: systemClock })
  context.after(() => connection.close())
  const said = /is unknown; it has said nothing: does it expect SASL, or TLS\?$/
  await assert.rejects(thriftClient(echo, connection, { isMultiplexed: false }).say({ text: 'x' }), said)
})

test('a server that does not answer is given up after the time for connecting', async (context) => {
  const { port } = await saslServer(context, Buffer.alloc(0))
  const clock = manualClock()
  const call = connectTo(context, port, clock).say({ text: 'x' })
  await clock.whenSleeping(5000)
  clock.advance(5000)
  await assert.rejects(call, isUnsent)
})
