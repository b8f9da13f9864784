import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { peerHint } from './peer-hint.ts'

test('a service that was reached before, and is cut off, is not asked in another way', async (context) => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.on('error', () => {}).destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const peer = { scheme: 'thrift', host: '127.0.0.1', port, clock: systemClock } as const
  const cutOff = new MoraineError('unavailable', 'the connection ended')
  const ask = (hasAnswered: boolean) => peerHint(cutOff, { ...peer, hasAnswered }, context.signal)
  assert.deepEqual([await ask(true), connections], [undefined, 0])
  assert.deepEqual([await ask(false), connections], [undefined, 1])
})

test('what is wrong with a certificate is told with its remedy, whoever answered before', async (context) => {
  const expired = new MoraineError('unavailable', 'cannot connect', { context: { unsent: true, tls: 'expired' } })
  const peer = { scheme: 'thrifts', host: '127.0.0.1', port: 1, hasAnswered: true, clock: systemClock } as const
  assert.match((await peerHint(expired, peer, context.signal)) ?? '', /renew it on the server/)
})
