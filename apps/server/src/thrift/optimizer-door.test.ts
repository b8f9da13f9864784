import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { checkThriftPort } from './optimizer-door.ts'

test('a port that another process has is told of before this server is to lead, and one that is free is left so', async (context) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  context.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const place = { host: '127.0.0.1', settings: { thriftHost: '' }, thriftPort: port }
  const message = `port ${port} of 127.0.0.1 is taken; choose another with --thrift-port or stop its owner`
  await assert.rejects(checkThriftPort(place), { kind: 'conflict', message })
  other.close()
  await once(other, 'close')
  await checkThriftPort(place)
  await checkThriftPort(place)
  await checkThriftPort({ ...place, thriftPort: 0 })
})
