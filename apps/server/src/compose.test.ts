import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { startServer } from './compose.ts'
import { DEFAULT_SETTINGS } from './config/default-settings.ts'
import { SILENT_LOG } from './service/log.ts'

// Time stands still, so that whoever still sleeps after a stop has not been stopped.
function setUp() {
  const dataDir = mkdtempSync(join(tmpdir(), 'moraine-compose-'))
  const clock = virtualClock(0 as EpochMs)
  const options = {
    dataDir,
    host: '127.0.0.1',
    httpPort: 0,
    thriftPort: 0,
    settings: DEFAULT_SETTINGS,
    clock,
    random: seededRandom(1),
    log: SILENT_LOG,
  }
  return { options, clock, remove: () => rmSync(dataDir, { recursive: true }) }
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

test('a started service answers on all its ports until it is stopped; then nothing of it is left', async () => {
  const { options, clock, remove } = setUp()
  const server = await startServer(options)
  const httpPort = Number(new URL(server.url).port)
  assert.equal((await fetch(`${server.url}/health`)).status, 200)
  const ports = [httpPort, server.thriftPort, must(server.tablePort, 'the port of the table service')]
  for (const port of ports) assert.equal(await isRefused(port), false)
  await server.stop()
  for (const port of ports) assert.equal(await isRefused(port), true)
  assert.equal(clock.step(), false)
  remove()
})

test('if the last part cannot start, all before it are stopped', async () => {
  const { options, clock, remove } = setUp()
  let thriftPort = 0
  const optimizerCommand = ({ url }: { readonly url: string }) => {
    thriftPort = Number(new URL(url).port)
    throw new Error('no optimizer here')
  }
  await assert.rejects(startServer({ ...options, optimizerCommand }), /no optimizer here/)
  assert.notEqual(thriftPort, 0)
  assert.equal(await isRefused(thriftPort), true)
  assert.equal(clock.step(), false)
  // The database is free again too.
  await (await startServer(options)).stop()
  remove()
})

test('a start that is given up ends with the reason, and leaves nothing behind', async () => {
  const { options, clock, remove } = setUp()
  const reason = new MoraineError('aborted', 'stopped by SIGINT')
  await assert.rejects(startServer(options, AbortSignal.abort(reason)), reason)
  assert.equal(clock.step(), false)
  await (await startServer(options)).stop()
  remove()
})

test('if the port is taken, what had been started before is stopped', async () => {
  const { options, clock, remove } = setUp()
  const owner = createServer().listen(0, '127.0.0.1')
  await once(owner, 'listening')
  const { port } = owner.address() as AddressInfo
  await assert.rejects(startServer({ ...options, httpPort: port }), new RegExp(`port ${port} .* is taken`))
  assert.equal(clock.step(), false)
  await (await startServer(options)).stop()
  owner.close()
  remove()
})

test('a catalog that comes to say of itself to be this service is refused, not asked without end', async () => {
  const { options, remove } = setUp()
  const server = await startServer(options)
  const lying = createHttpServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ defaults: {}, overrides: { uri: `${server.url}/iceberg`, prefix: 'catalogs/loop' } }))
  })
  await once(lying.listen(0, '127.0.0.1'), 'listening')
  const uri = `http://127.0.0.1:${(lying.address() as AddressInfo).port}`
  const form = { name: 'loop', type: 'rest', tableFormatList: ['ICEBERG'], properties: { uri, warehouse: 'w' } }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(form)
  assert.equal(
    (await fetch(`${server.url}/api/ams/v1/catalogs?test=false`, { method: 'POST', headers, body })).status,
    200,
  )
  const answer = await fetch(`${server.url}/iceberg/v1/catalogs/loop/namespaces`)
  assert.equal(answer.status, 400)
  assert.match(await answer.text(), /catalog loop leads back to a service that asks for it/)
  lying.closeAllConnections()
  lying.close()
  await server.stop()
  remove()
})
