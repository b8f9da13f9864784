import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { startLeashed } from '../lab/leashed.ts'
import { ENGINES, type LabDatabase, startLabDatabase } from './lab-database.ts'

// Whole services on one database server: one is in charge, and the next takes over when it has gone or was killed.

const labs = ENGINES.map((engine) => [engine, startLabDatabase(engine, `one-service-${process.pid}`)] as const)
after(() => {
  for (const [, lab] of labs) if (lab.kind === 'started') lab.engine.server.stop()
})

// At the same time, since most of it is waiting for leases to end.
suite('whole services', { concurrency: true }, () => {
  for (const [engine, started] of labs) {
    test(`${engine}: a database is served by one service at a time`, { timeout: 180_000 }, async (context) => {
      if (started.kind === 'unavailable') return context.skip(started.why)
      await takeTurns(context, started.engine)
    })
  }
})

async function takeTurns(context: TestContext, lab: LabDatabase): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'moraine-one-service-'))
  const config = join(home, 'config.yaml')
  const { host, port, database, user, password } = await lab.create()
  const scheme = lab.engine === 'postgres' ? 'postgresql' : 'mysql'
  const settings = {
    'database.type': lab.engine,
    'database.url': `jdbc:${scheme}://${host}:${port}/${database}`,
    'database.username': user,
    'database.password': password,
  }
  writeFileSync(config, JSON.stringify({ ams: settings }))
  const serve = () => {
    const args = ['serve', '--config', config, '--port', '0', '--thrift-port', '0', '--data-dir', join(home, 'data')]
    const service = startLeashed('bin/moraine', args)
    context.after(() => service.kill())
    return { ...service, listens: () => service.line(/moraine listens on/) }
  }
  context.after(() => rmSync(home, { recursive: true, force: true }))

  const first = serve()
  await first.listens()
  const refused = await serve().ended
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /the database is served by another service \(host \S+, process \d+\)/)

  const waiting = serve()
  first.kill()
  await waiting.listens()
  await waiting.stop()
  // Given back at the stop: nothing is waited for.
  const last = serve()
  await last.listens()
  const { code, stderr } = await last.stop()
  assert.equal(code, 0, stderr)
}
