import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { byDepth } from '../lab/depth.ts'
import { EXIT_UNAVAILABLE } from '../lab/json-lines-worker.ts'
import { runLeashed } from '../lab/leashed.ts'
import { startService } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'

// PyIceberg processes append to one table of the catalog of `moraine serve` and never try again, while the service
// optimizes the table, whose property asks for appends to be rebased: nobody is refused, the history is one line, each
// file of a client was added by exactly one snapshot, and each row, which no other append has, is there once.

const WRITERS = byDepth({ usual: 8, all: 32 })
const APPENDS = byDepth({ usual: 4, all: 6 })

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
    const wanted = Array.from({ length: made }, (_, id) => id)
    const rows = await engine.readRows({ table })
    assert.deepEqual(
      [...rows].sort(),
      wanted.map((id) => `{"id":${id},"text":"${Math.floor(id / APPENDS)} ${id % APPENDS}"}`).sort(),
    )
    assert.ok(await isLinear(uri))
    const snapshots = await snapshotsOf(uri)
    const appends = snapshots.filter(({ operation }) => operation === 'append')
    const rewrites = snapshots.filter(({ operation }) => operation === 'replace')
    assert.equal(appends.length + rewrites.length, snapshots.length)
    checkFiles(snapshots, wanted)
    context.diagnostic(`${appends.length} appends of ${WRITERS} writers, ${rewrites.length} rewrites`)
  } finally {
    if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
    await service.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
})

/** One file of one row for each append; a file of whatever kind is added once, and rewrites neither add nor lose a row. */
function checkFiles(snapshots: readonly AddedFiles[], ids: readonly number[]): void {
  const paths = snapshots.flatMap(({ added }) => added.map(({ path }) => path))
  assert.equal(new Set(paths).size, paths.length, 'a file was added by two snapshots')
  const appended: number[] = []
  for (const { operation, rows, added } of snapshots) {
    if (operation === 'append') {
      const [file, ...more] = added
      assert.ok(file !== undefined && more.length === 0, `an append has ${added.length} files`)
      assert.deepEqual([file.rows, file.ids[0]], [1, file.ids[1]], file.path)
      appended.push(file.ids[0])
    }
    assert.equal(rows, appended.length, 'a snapshot holds the rows of the appends up to it')
  }
  assert.deepEqual(
    appended.sort((a, b) => a - b),
    ids,
  )
}

/** What `added_files.py` says of a snapshot. */
type AddedFiles = {
  readonly operation: string
  readonly rows: number
  readonly added: readonly {
    readonly path: string
    readonly rows: number
    readonly ids: readonly [number, number]
  }[]
}

async function snapshotsOf(uri: string): Promise<readonly AddedFiles[]> {
  const args = ['python', 'interop/lab/added_files.py', uri, 'lake', 'inbox.events']
  const { code, stdout, stderr } = await runLeashed('interop/lab/pyiceberg.sh', args)
  assert.equal(code, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AddedFiles)
}

async function isLinear(uri: string): Promise<boolean> {
  const response = await fetch(`${uri}/v1/catalogs/lake/namespaces/inbox/tables/events`)
  // Ids are only compared, as text: they are beyond what a number holds.
  const text = (await response.text()).replaceAll(/("(?:parent-)?snapshot-id":)(\d+)/g, '$1"$2"')
  const { metadata } = JSON.parse(text) as {
    metadata: { snapshots: { 'snapshot-id': string; 'parent-snapshot-id'?: string }[] }
  }
  const { snapshots } = metadata
  return snapshots.every((each, at) => each['parent-snapshot-id'] === snapshots[at - 1]?.['snapshot-id'])
}
