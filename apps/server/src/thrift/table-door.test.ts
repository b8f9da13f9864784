import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { tableMetastore } from '@moraine/api/thrift/table-metastore'
import { systemClock } from '@moraine/stdx/clock'
import { thriftClient } from '@moraine/thrift/client'
import { ThriftConnection } from '@moraine/thrift/connection'
import type { Authenticator } from '../access/authenticator.ts'
import type { TableServiceSettings } from '../config/default-settings.ts'
import { SILENT_LOG } from '../service/log.ts'
import { tableDoor } from './table-door.ts'

function door(
  settings: Partial<TableServiceSettings> = {},
  openTo: Authenticator['openTo'] = 'this-machine',
  { host = '127.0.0.1', thriftPort = 0 } = {},
) {
  const told: string[] = []
  const tell = (level: string) => (_: object, message: string) => void told.push(`${level}: ${message}`)
  const log = { ...SILENT_LOG, info: tell('info'), warn: tell('warn') }
  const opened = tableDoor({
    ...{ host, thriftPort, authenticator: { openTo }, clock: systemClock, log },
    settings: { tableService: { host: '', port: undefined, isOpen: false, ...settings } },
    handlers: () => ({ service: tableMetastore, handlers: { ping: () => undefined } }),
  })
  return { opened, told, start: () => opened.start(new AbortController().signal) }
}

async function takenPort(after: (close: () => void) => void): Promise<number> {
  const owner = createServer().listen(0, '127.0.0.1')
  await once(owner, 'listening')
  after(() => owner.close())
  return (owner.address() as AddressInfo).port
}

test('engines come in where nobody has to say who they are, also after it was closed and opened again', async () => {
  const { opened, told, start } = door()
  for (let time = 0; time < 2; time += 1) {
    await start()
    const port = opened.port()
    assert.ok(port)
    const connection = new ThriftConnection({ host: '127.0.0.1', port, clock: systemClock })
    await thriftClient(tableMetastore, connection).ping({})
    await connection.close()
    await opened.stop()
    assert.equal(opened.port(), undefined)
  }
  assert.deepEqual(told, [])
})

test('where others have to say who they are it is not opened, which is told once, unless the settings open it', async () => {
  const places = [
    ['nobody', '127.0.0.1', ''],
    ['this-machine', '127.0.0.1', '0.0.0.0'],
  ] as const
  for (const [openTo, host, own] of places) {
    const { opened, told, start } = door({ host: own }, openTo, { host })
    await start()
    await opened.stop()
    await start()
    assert.equal(opened.port(), undefined)
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /^info: .* not opened: .* set thrift-server\.table-service\.open to true/)
    const named = door({ host: own, port: 1 }, openTo, { host })
    await named.start()
    assert.match(named.told.join(), /^warn: .* not opened: /)
    const allowed = door({ host: own, isOpen: true }, openTo, { host })
    await allowed.start()
    assert.ok(allowed.opened.port())
    await allowed.opened.stop()
  }
})

test('a port that was asked for and is taken is refused, before this server is to lead as well', async (context) => {
  const port = await takenPort((close) => context.after(close))
  const { opened, start } = door({ port })
  const message = `port ${port} of 127.0.0.1 is taken; choose another with thrift-server.table-service.bind-port or stop its owner`
  await assert.rejects(opened.check(), { kind: 'conflict', message })
  await assert.rejects(start(), { kind: 'conflict', message })
  await door({ port }, 'nobody').opened.check()
  await door().opened.check()
})

// Of the loopback addresses one that nobody else listens on, where the system has it.
const QUIET = '127.77.12.60'

test('a port that nobody asked for is done without where it is taken, which is told', async (context) => {
  const owner = createServer().listen(1260, QUIET)
  const [failure] = await Promise.race([once(owner, 'listening'), once(owner, 'error')])
  if (failure !== undefined) return context.skip(String(failure))
  const { opened, told, start } = door({}, 'this-machine', { host: QUIET, thriftPort: 1261 })
  await opened.check()
  await start()
  assert.equal(opened.port(), undefined)
  assert.match(told.join(), /^info: .* taken, .*choose another with thrift-server\.table-service\.bind-port/)
  owner.close()
  await once(owner, 'close')
  await start()
  assert.equal(opened.port(), 1260)
  await opened.stop()
})
