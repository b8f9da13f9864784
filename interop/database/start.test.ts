import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { after, type TestContext, test } from 'node:test'
import { MIGRATIONS, migrate } from '@moraine/persistence/migrations/migrate'
import type { ServerSettings } from '@moraine/persistence/server/server-settings'
import { migrationsConformance } from '@moraine/persistence/testing/migrations-conformance'
import type { EpochMs } from '@moraine/stdx/brand'
import { describeError, type ErrorKind, isKind } from '@moraine/stdx/error'
import { ENGINES, type LabDatabase, openEngine, startLabDatabase } from './lab-database.ts'

// How the service begins with a database server: what it says if it cannot, and that it migrates alone.

const labs = ENGINES.map((engine) => [engine, startLabDatabase(engine, `start-${process.pid}`)] as const)
after(() => {
  for (const [, lab] of labs) if (lab.kind === 'started') lab.engine.server.stop()
})

for (const [engine, started] of labs) {
  const withLab = (name: string, run: (lab: LabDatabase, context: TestContext) => Promise<void>) => {
    void test(`${engine}: ${name}`, { timeout: 60_000 }, async (context) => {
      if (started.kind === 'unavailable') return context.skip(started.why)
      await run(started.engine, context)
    })
  }

  if (started.kind === 'started') {
    const { create, openRaw } = started.engine
    migrationsConformance(engine, async () => openRaw(await create()))
  }

  withLab('wrong settings are named with the remedy, and the password is not', async (lab) => {
    const good = await lab.create()
    const cases: readonly [Partial<ServerSettings>, ErrorKind, RegExp][] = [
      [{ password: 'wrong-secret' }, 'unauthenticated', /database\.username and database\.password/],
      [{ password: '' }, 'unauthenticated', /database\.password/],
      [{ user: 'nobody' }, 'unauthenticated', /database\.username and database\.password/],
      [{ database: 'nowhere' }, 'not-found', /nowhere.*create it, or mend database\.url/],
      [{ port: 1 }, 'unavailable', /127\.0\.0\.1:1\/.*ECONNREFUSED/],
      [{ host: 'no-such-host.invalid' }, 'unavailable', /no-such-host\.invalid/],
    ]
    for (const [change, kind, pattern] of cases) {
      await assert.rejects(lab.open({ ...good, ...change }), (error) => {
        const text = describeError(error)
        assert.ok(isKind(error, kind), `${kind} expected: ${text}`)
        assert.match(text, pattern)
        assert.doesNotMatch(text, /secret/)
        return true
      })
    }
  })

  withLab('a user without rights is told which are missing', async (lab) => {
    const settings = await lab.create()
    if (engine === 'postgres') await lab.run(settings, "create user poor_start password 'p'")
    else {
      const root = { ...settings, user: 'root', password: '' }
      const user = "poor_start@'127.0.0.1'"
      await lab.run(root, `create user ${user} identified by 'p'`, `grant select on ${settings.database}.* to ${user}`)
    }
    const poor = { ...settings, user: 'poor_start', password: 'p' }
    await assert.rejects(lab.open(poor), (error) => isKind(error, 'permission') && /grant the user/.test(error.message))
  })

  withLab('a server that takes the call and says nothing is given up in time', async (lab, context) => {
    const sockets = new Set<Socket>()
    const silent: Server = createServer((socket) => void sockets.add(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    context.after(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const address = silent.address()
    assert.ok(address !== null && typeof address === 'object')
    const settings = { ...(await lab.create()), port: address.port, connectMs: 300 }
    await assert.rejects(lab.open(settings), (error) => isKind(error, 'unavailable'))
  })

  withLab('a database that a newer server has migrated is refused', async (lab) => {
    const settings = await lab.create()
    await (await lab.open(settings)).close()
    await lab.run(settings, "insert into schema_migration (version, name) values (7000, 'from-the-future')")
    const isRefused = (error: unknown) =>
      isKind(error, 'unsupported') && /version 7000 \(from-the-future\).*at least as new/.test(error.message)
    await assert.rejects(lab.open(settings), isRefused)
    await assert.rejects(lab.open({ ...settings, createsTables: false }), isRefused)
  })

  withLab('without leave to change tables the service takes them only as they have to be', async (lab) => {
    const settings = { ...(await lab.create()), createsTables: false }
    await assert.rejects(
      lab.open(settings),
      (error) => isKind(error, 'not-found') && /auto-create-tables/.test(error.message),
    )
    const raw = await lab.openRaw(settings)
    await migrate(raw.db, raw.types, MIGRATIONS.slice(0, -1))
    await raw.close()
    await assert.rejects(
      lab.open(settings),
      (error) => isKind(error, 'unsupported') && /lacks 1 migrations from/.test(error.message),
    )
    await (await lab.open({ ...settings, createsTables: true })).close()
    const database = await lab.open(settings)
    assert.deepEqual(await database.stores.groups.listGroups(), [])
    await database.close()
  })

  withLab('servers that start at once migrate one after the other', async (lab) => {
    const settings = await lab.create()
    const opened = await Promise.all(Array.from({ length: 5 }, () => lab.open(settings)))
    const rows = await lab.run(settings, 'select count(*) as migrations from schema_migration')
    assert.deepEqual(
      rows.map((row) => Number(Object.values(row)[0])),
      [MIGRATIONS.length],
    )
    for (const { close } of opened) await close()
  })

  withLab('names that differ in case, accents or blanks at the end are different names', async (lab) => {
    const { stores, close } = await lab.open(await lab.create())
    const names = [
      'a',
      'A',
      'a ',
      'ä',
      'Ä',
      'ß',
      'ss',
      '\u{1f600}',
      '\u{1f601}',
      'z',
      'e\u0301',
      '\u00e9',
      "'",
      '\\',
      '%',
    ]
    for (const name of names) await stores.groups.saveGroup({ name, container: name, properties: { [name]: name } })
    const groups = await stores.groups.listGroups()
    const inOrder = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(
      groups.map(({ name, container, properties }) => [name, container, properties]),
      inOrder.map((name) => [name, name, { [name]: name }]),
    )
    for (const name of names) assert.equal((await stores.groups.findGroup(name))?.name, name)
    await close()
  })

  withLab('texts of megabytes and the largest integers come back as they were', async (lab) => {
    const { stores, close } = await lab.open(await lab.create())
    const note = `${'\u{1f600}\\\'"\n\u0000'.repeat(400_000)}end`
    await stores.groups.saveGroup({ name: 'big', container: 'x', properties: { note } })
    assert.equal((await stores.groups.findGroup('big'))?.properties['note'], note)
    const createdAt = Number.MAX_SAFE_INTEGER as EpochMs
    const name = { catalog: 'c', namespace: ['n'], name: 't' }
    const { tableId } = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt })
    assert.equal((await stores.tables.findTable(tableId))?.createdAt, createdAt)
    await close()
  })
}

for (const [engine, started] of labs) {
  if (engine !== 'mysql') continue
  test('mysql: tables that lose writes, or compare loosely, are refused with how to mend them', async (context) => {
    if (started.kind === 'unavailable') return context.skip(started.why)
    const lab = started.engine
    const settings = await lab.create()
    await (await lab.open(settings)).close()
    const refused = (pattern: RegExp) =>
      assert.rejects(
        openEngine(engine, settings),
        (error) => isKind(error, 'unsupported') && pattern.test(error.message),
      )
    await lab.run(settings, 'alter table principal convert to character set utf8mb4 collate utf8mb4_general_ci')
    await refused(/principal .*alter table principal/)
    await lab.run(
      settings,
      'alter table principal engine = MyISAM, convert to character set utf8mb4 collate utf8mb4_nopad_bin',
    )
    await refused(/principal is kept by MyISAM/)
  })
}
