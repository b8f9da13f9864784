import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { systemClock } from '@moraine/stdx/clock'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { type Fate, httpProxy } from '../testing/http-proxy.ts'
import { appendOrders, createTableIn, type LakeTable, liveOrders, ORDERS_TABLE } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// A REST catalog behind a proxy that loses what a commit is answered, or the commit itself. Whatever the command made of
// it, after the next run the table is optimized, by one commit, holds its rows, and no file of it is missing.

const FILES = 4
const root = mkdtempSync(join(tmpdir(), 'moraine-lost-'))
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(root, 'data')])
const url = await serviceUrl(service)
const proxy = await httpProxy(new URL(url))
const properties = { uri: `${url}/api/iceberg/rest`, warehouse: 'lake' }
const catalog = await openRestCatalog({ name: 'lake', properties, clock: systemClock })
await catalog.createNamespace(['db'], {})

after(async () => {
  await proxy.close()
  assert.equal(await service.stop(), 0)
  rmSync(root, { recursive: true, force: true })
})

type Case = {
  readonly name: string
  readonly fate: Fate
  /** What becomes of all that the command asks after its commit. */
  readonly afterwards?: Fate
  readonly first: 'committed' | 'unknown'
  readonly second: 'committed' | 'nothing to do'
}

const CASES: readonly Case[] = [
  { name: 'the_answer_is_lost', fate: 'swallow', first: 'committed', second: 'nothing to do' },
  { name: 'a_gateway_answers_instead', fate: { status: 504 }, first: 'committed', second: 'nothing to do' },
  {
    ...{ name: 'all_answers_are_lost', fate: 'swallow', afterwards: 'swallow' },
    ...{ first: 'unknown', second: 'nothing to do' },
  },
  { name: 'the_commit_is_lost', fate: 'lose', first: 'unknown', second: 'committed' },
  { name: 'the_commit_arrives_late', fate: 'late', first: 'unknown', second: 'nothing to do' },
]

for (const each of CASES) {
  test(each.name.replaceAll('_', ' '), { timeout: 120_000 }, () => lose(each))
}

async function lose({ name, fate, afterwards = 'forward', first, second }: Case): Promise<void> {
  const table = await createTableIn(catalog, { namespace: ['db'], name }, ORDERS_TABLE)
  for (let at = 0; at < FILES; at += 1) await appendOrders(table, at)
  let commits = 0
  proxy.fate = (method, path) => {
    if (method === 'POST' && path.endsWith(`/tables/${name}`)) {
      commits += 1
      return fate
    }
    return commits === 0 ? 'forward' : afterwards
  }
  const hit = await optimize(name)
  proxy.fate = () => 'forward'
  assert.equal(commits, 1, 'a commit of which nobody knows is not made again')
  if (first === 'unknown') {
    assert.equal(hit.code, 3)
    assert.match(hit.err, /did not say whether it committed|got no answer/)
  } else assert.deepEqual([hit.code, hit.outcome], [0, first], hit.err)
  for (const status of await proxy.catchUp()) assert.equal(status, 200)

  const next = await optimize(name)
  assert.deepEqual([next.code, next.outcome], [0, second], next.err)
  await assertOptimizedOnce(table)
}

async function assertOptimizedOnce(table: LakeTable): Promise<void> {
  const { metadata } = await table.load()
  const rewrites = metadata.snapshots.filter(({ summary }) => summary[PROCESS_MARK] !== undefined)
  assert.equal(rewrites.length, 1)
  for (const snapshot of metadata.snapshots) {
    const { data, deletes } = await readLiveFiles(localFileIO(systemRandom), metadata, snapshot)
    for (const { file } of [...data, ...deletes]) {
      const path = file.filePath.replace(/^file:(\/\/)?/, '')
      assert.ok(existsSync(path), `${path} of snapshot ${snapshot.snapshotId} is missing`)
    }
    if (snapshot !== currentSnapshot(metadata)) continue
    const rows = data.reduce((sum, { file }) => sum + file.recordCount, 0)
    assert.deepEqual([data.length, deletes.length, rows], [1, 0, liveOrders(FILES)])
  }
}

type Run = { readonly code: number | null; readonly outcome: string | undefined; readonly err: string }

async function optimize(name: string): Promise<Run> {
  const catalogUri = `http://127.0.0.1:${proxy.port}/api/iceberg/rest`
  const options = ['--catalog-uri', catalogUri, '--type', 'full', '--json']
  const { code, out, err } = await runCli(['table', 'optimize', `lake.db.${name}`, ...options])
  if (out === '') return { code, outcome: undefined, err }
  const report = parseExactJson(out, 'report') as unknown as { readonly outcome: string }
  return { code, outcome: report.outcome, err }
}
