import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startCli } from '../testing/start-cli.ts'

// An optimizer that finds no service says why, once, and goes on trying.

test('the port of an API is told from that of the optimizing service', { timeout: 60_000 }, async () => {
  const api = createServer((_request, response) => response.end('{}'))
  await once(api.listen(0, '127.0.0.1'), 'listening')
  const { port } = api.address() as AddressInfo
  const optimizer = startCli(['optimizer', '--url', `thrift://127.0.0.1:${port}`])
  try {
    await optimizer.line(new RegExp(`service is not reached: .*port ${port} answers in HTTP: --url wants the port of`))
  } finally {
    assert.equal(await optimizer.stop(), 0)
    api.close()
  }
})
