import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { systemClock } from '@moraine/stdx/clock'
import { eventually } from '@moraine/testkit/eventually'
import { type TestCertificate, testAuthority } from '@moraine/testkit/test-authority'
import type { CallFailure } from './call-failure.ts'
import { thriftClient } from './client.ts'
import { isUnsent, ThriftConnection, type ThriftConnectionOptions } from './connection.ts'
import { bindService } from './dispatch.ts'
import { startThriftServer, type ThriftServerOptions } from './server.ts'
import { method, service } from './service.ts'
import { string } from './thrift-type.ts'
import { tlsProblemOf } from './tls-problem.ts'

const greeter = service('Greeter', { greet: method({}, string) })
const authority = testAuthority()
const options = { skip: authority === undefined && 'there is no openssl', timeout: 30_000 }

function issue(...names: readonly string[]): TestCertificate {
  assert.ok(authority)
  return authority.issue(names)
}

async function serve(context: TestContext, further: Partial<ThriftServerOptions> = {}) {
  const failures: CallFailure[] = []
  let calls = 0
  const greet = () => {
    calls += 1
    return 'hello'
  }
  const server = await startThriftServer({
    host: 'localhost',
    port: 0,
    clock: systemClock,
    services: [bindService(greeter, { greet })],
    onFailure: (failure) => failures.push(failure),
    ...further,
  })
  context.after(() => server.stop(0))
  const { port } = server
  const connectionWith = (tls: ThriftConnectionOptions['tls'], host = 'localhost') => {
    const connection = new ThriftConnection({ host, port, clock: systemClock, ...(tls && { tls }) })
    context.after(() => connection.close())
    return thriftClient(greeter, connection, { isMultiplexed: false })
  }
  return { server, failures, calls: () => calls, connectionWith }
}

async function rawSocket(context: TestContext, port: number): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect({ port, host: 'localhost' }).on('error', () => undefined)
  context.after(() => socket.destroy())
  const closed = new Promise((resolve) => socket.resume().once('close', resolve))
  await once(socket, 'connect')
  return { socket, closed }
}

const trusting = () => ({ ca: authority?.certificate ?? '' })
const problemsOf = (failures: readonly CallFailure[]) => failures.map(({ handshake }) => handshake)

test('calls over TLS; a certificate that does not do is refused before anything is sent', options, async (context) => {
  const { calls, failures, connectionWith } = await serve(context, { tls: issue('DNS:localhost') })
  assert.equal(await connectionWith(trusting()).greet({}), 'hello')
  const refused = async (client: ReturnType<typeof connectionWith>, problem: string, message: RegExp) => {
    await assert.rejects(client.greet({}), (error: Error) => {
      assert.ok(isUnsent(error))
      assert.equal(tlsProblemOf(error), problem)
      assert.match(error.message, message)
      return true
    })
  }
  await refused(
    connectionWith({}),
    'untrusted',
    /^cannot connect to localhost:\d+ with TLS: its certificate is not tru/,
  )
  const names = /127.0.0.1:\d+ with TLS: its certificate is not for that name \(it is for DNS:localhost\)$/
  await refused(connectionWith(trusting(), '127.0.0.1'), 'other-host', names)
  assert.equal(calls(), 1)
  await eventually('the server hears of both', async () => (failures.length === 2 ? true : undefined))
  assert.deepEqual(problemsOf(failures), ['broken-off', 'broken-off'])
})

test('who speaks TLS and who does not find out, at no cost to others', options, async (context) => {
  const [secured, plain] = [await serve(context, { tls: issue('DNS:localhost') }), await serve(context)]
  const other = secured.connectionWith(trusting())
  assert.equal(await other.greet({}), 'hello')

  await assert.rejects(secured.connectionWith(undefined).greet({}), { kind: 'unavailable' })
  const web = await rawSocket(context, secured.server.port)
  web.socket.write('GET / HTTP/1.1\r\n\r\n')
  await web.closed
  assert.deepEqual(problemsOf(secured.failures), ['plain-at-tls-port', 'plain-at-tls-port'])

  await assert.rejects(plain.connectionWith(trusting()).greet({}), (error) => tlsProblemOf(error) === 'broken-off')
  assert.deepEqual(problemsOf(plain.failures), ['tls-at-plain-port'])
  assert.equal(await other.greet({}), 'hello')
  assert.equal(secured.server.connections, 1)
})

test(
  'a handshake that does not end is cut off, counts as a connection, and does not hold up the end',
  options,
  async (context) => {
    const tls = issue('DNS:localhost')
    const { server, failures } = await serve(context, { tls, handshakeTimeoutMs: 300, maxConnections: 2 })
    const [silent, half] = [await rawSocket(context, server.port), await rawSocket(context, server.port)]
    half.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]))
    assert.equal(server.connections, 2)
    const turnedAway = await rawSocket(context, server.port)
    await turnedAway.closed
    await Promise.all([silent.closed, half.closed])
    const [first, ...slow] = failures
    assert.match(String(first?.error), /1 client turned away: 2 are connected/)
    assert.deepEqual(problemsOf(slow), ['too-slow', 'too-slow'])

    // Whoever says nothing and goes is a probe of the port.
    const probe = await rawSocket(context, server.port)
    probe.socket.end()
    await probe.closed
    const patient = await serve(context, { tls })
    const atTheEnd = await rawSocket(context, patient.server.port)
    atTheEnd.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]))
    await eventually('it is there', async () => (patient.server.connections === 1 ? true : undefined))
    await patient.server.stop()
    await atTheEnd.closed
    assert.deepEqual([failures.length, patient.failures], [3, []])
  },
)

test('what is no Thrift inside TLS closes that connection', options, async (context) => {
  const { server, failures, connectionWith } = await serve(context, {
    tls: issue('DNS:localhost'),
    maxFrameBytes: 1000,
  })
  const socket = connectTls({ host: 'localhost', port: server.port, ...trusting() }).on('error', () => undefined)
  await once(socket, 'secureConnect')
  socket.write(Buffer.from([0x16, 0xff, 0xff, 0xff]))
  await new Promise((resolve) => socket.resume().once('close', resolve))
  assert.deepEqual(problemsOf(failures), [undefined])
  assert.equal(await connectionWith(trusting()).greet({}), 'hello')
})

test('a renewed certificate is shown to those who come, and costs nobody the connection', options, async (context) => {
  const { server, connectionWith } = await serve(context, { tls: issue('DNS:other') })
  await assert.rejects(connectionWith(trusting()).greet({}), (error) => tlsProblemOf(error) === 'other-host')
  server.renewCertificate(issue('DNS:localhost'))
  const early = connectionWith(trusting())
  assert.equal(await early.greet({}), 'hello')
  server.renewCertificate(issue('DNS:other'))
  assert.equal(await early.greet({}), 'hello')
  await assert.rejects(connectionWith(trusting()).greet({}), (error) => tlsProblemOf(error) === 'other-host')
})
