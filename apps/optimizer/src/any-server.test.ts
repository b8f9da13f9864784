import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { optimizeManager } from '@moraine/api/thrift/optimize-manager'
import { must } from '@moraine/stdx/assert'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { freePort } from '@moraine/testkit/free-port'
import { thriftClient } from '@moraine/thrift/client'
import { bindService, type Handlers } from '@moraine/thrift/dispatch'
import { startThriftServer, type ThriftServer } from '@moraine/thrift/server'
import { anyServer } from './any-server.ts'
import type { ThriftAddress } from './thrift-address.ts'

type Methods = (typeof optimizeManager)['methods']

/** A server that says its name when it is asked where servers are. */
async function serve(context: TestContext, name: string, port = 0): Promise<ThriftServer> {
  const handlers = new Proxy({} as Handlers<Methods>, {
    get: (_, method) => (method === 'getOptimizingNodeUrls' ? async () => [name] : async () => undefined),
  })
  const services = [bindService(optimizeManager, handlers)]
  const server = await startThriftServer({ host: '127.0.0.1', port, services, clock: systemClock, onFailure: () => {} })
  context.after(() => server.stop(0))
  return server
}

const at = (port: number): ThriftAddress => ({ scheme: 'thrift', host: '127.0.0.1', port })

function connect(context: TestContext, ports: readonly number[], clock: Clock = systemClock) {
  const [first, ...others] = ports.map(at)
  const connection = anyServer([must(first, 'a server'), ...others], { clock })
  context.after(() => connection.close())
  const client = thriftClient(optimizeManager, connection)
  return { connection, whoAnswers: async () => (await client.getOptimizingNodeUrls({}))?.[0] }
}

test('the one that listens is found, and kept', async (context) => {
  const [nobody, leader] = [await freePort(), await serve(context, 'leader')]
  const { connection, whoAnswers } = connect(context, [nobody, leader.port])
  assert.equal(connection.hasAnswered(), false)
  assert.equal(await whoAnswers(), 'leader')
  assert.deepEqual([connection.current().port, connection.hasAnswered()], [leader.port, true])
  assert.equal(await whoAnswers(), 'leader')
})

test('when the leader goes, the next is found, also one that was only heard of', async (context) => {
  const [first, second] = [await serve(context, 'first'), await serve(context, 'second')]
  const { connection, whoAnswers } = connect(context, [first.port])
  assert.equal(await whoAnswers(), 'first')
  connection.learn([at(first.port), at(second.port)])
  await first.stop(0)
  // The connection that was lost is noticed by the first call after it at the latest.
  const answer = await whoAnswers().catch(() => whoAnswers())
  assert.equal(answer, 'second')
})

test('if none listens, that is said after each was tried once', async (context) => {
  const { whoAnswers } = connect(context, [await freePort(), await freePort()])
  await assert.rejects(whoAnswers(), { kind: 'unavailable', message: /cannot connect to 127.0.0.1/ })
})

test('a server that takes calls and says nothing is left for the next', async (context) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  context.after(() => silent.close())
  const answering = await serve(context, 'answering')
  const { port } = silent.address() as AddressInfo
  const connection = anyServer([at(port), at(answering.port)], { clock: systemClock })
  context.after(() => connection.close())
  const client = thriftClient(optimizeManager, connection)
  await assert.rejects(client.getOptimizingNodeUrls({}, { timeoutMs: 50 }), { kind: 'timeout' })
  assert.deepEqual(await client.getOptimizingNodeUrls({}), ['answering'])
})

test('a server that is told of without TLS is not called by one that is with it, nor the other way round', async (context) => {
  const server = await serve(context, 'plain')
  const connection = anyServer([{ ...at(await freePort()), scheme: 'thrifts' }], { clock: systemClock })
  context.after(() => connection.close())
  connection.learn([at(server.port)])
  const client = thriftClient(optimizeManager, connection)
  await assert.rejects(client.getOptimizingNodeUrls({}), { kind: 'unavailable' })
})

test('what is wrong with TLS is told, rather than that those do not listen that do not lead', async (context) => {
  const plain = await serve(context, 'plain')
  for (const ports of [
    [plain.port, await freePort()],
    [await freePort(), plain.port],
  ] as const) {
    const [first, second] = [at(ports[0]), at(ports[1])].map((each) => ({ ...each, scheme: 'thrifts' as const }))
    const connection = anyServer([must(first, 'first'), must(second, 'second')], { clock: systemClock })
    context.after(() => connection.close())
    const message = new RegExp(`127.0.0.1:${plain.port} with TLS: it ended the TLS handshake`)
    await assert.rejects(thriftClient(optimizeManager, connection).getOptimizingNodeUrls({}), { message })
  }
})
