import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { EXIT_UNAVAILABLE } from '../lab/json-lines-worker.ts'
import { runLeashed } from '../lab/leashed.ts'
import { startService } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'

// PyIceberg processes append to one table of the catalog of `moraine serve` and never try again, while the service
// optimizes the table, whose property asks for appends to be rebased: nobody is refused, the history is one line, and each
// row is there once.

const WRITERS = 8
const APPENDS = 6

test('appends of many writers are all made, beside rewrites', { timeout: 600_000 }, async (context) => {
  const dataDir = mkdtempSync(`${tmpdir()}/moraine-contended-`)
  const [service, pyiceberg] = [await startService(dataDir), await startPyIceberg()]
  try {
    if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
    const uri = `${service.url}/api/iceberg/rest`
    const table = ['lake', 'inbox', 'events']
    const { engine } = pyiceberg
    await engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
    const fields = [
      { id: 1, name: 'id', required: true, type: 'long' },
      { id: 2, name: 'text', required: false, type: 'string' },
    ]
    const properties = {
      'commit.rebase-appends.enabled': 'true',
      'self-optimizing.min-plan-interval': '0',
      'self-optimizing.minor.trigger.file-count': '4',
    }
    await engine.create({ table, schema: { type: 'struct', 'schema-id': 0, fields }, properties })
    const script = 'interop/lab/contended_appends.py'
    const args = ['python', script, uri, 'lake', 'inbox.events', String(WRITERS), String(APPENDS)]
    const { code, stdout, stderr } = await runLeashed('interop/lab/pyiceberg.sh', args)
    if (code === EXIT_UNAVAILABLE) return context.skip(stderr)
    assert.equal(code, 0, stderr)
    const { made, refused, reason } = JSON.parse(stdout) as { made: number; refused: number; reason: string | null }
    assert.deepEqual([made, refused, reason], [WRITERS * APPENDS, 0, null])
    const rows = await engine.readRows({ table })
    assert.deepEqual(
      rows,
      Array.from({ length: made }, () => '{"id":1,"text":"x"}'),
    )
    const { appends, rewrites, isLinear } = await historyOf(uri)
    assert.ok(isLinear)
    assert.equal(appends, made)
    context.diagnostic(`${appends} appends of ${WRITERS} writers, ${rewrites} rewrites`)
  } finally {
    if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
    await service.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
})

async function historyOf(uri: string) {
  const response = await fetch(`${uri}/v1/catalogs/lake/namespaces/inbox/tables/events`)
  // Ids are only compared, as text: they are beyond what a number holds.
  const text = (await response.text()).replaceAll(/("(?:parent-)?snapshot-id":)(\d+)/g, '$1"$2"')
  const { metadata } = JSON.parse(text) as {
    metadata: { snapshots: { 'snapshot-id': string; 'parent-snapshot-id'?: string; summary: { operation: string } }[] }
  }
  const { snapshots } = metadata
  const count = (operation: string) => snapshots.filter(({ summary }) => summary.operation === operation).length
  return {
    appends: count('append'),
    rewrites: count('replace'),
    isLinear: snapshots.every((each, at) => each['parent-snapshot-id'] === snapshots[at - 1]?.['snapshot-id']),
  }
}
