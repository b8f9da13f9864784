import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { createOrders, type LakeTable } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'

// One run of the command that is to skip files that cannot be read: each is named, what is beside them is optimized all the
// same, and once they are restored the next run takes them as well.

const root = mkdtempSync(join(tmpdir(), 'moraine-unreadable-'))
after(() => rmSync(root, { recursive: true, force: true }))

type Report = {
  readonly outcome: string
  readonly skipped: readonly { readonly reason: string }[]
  readonly failures: readonly { readonly unreadableFile?: string; readonly kind: string; readonly reason: string }[]
}

for (const [what, names] of [
  ['a data file', ['orders-2.parquet']],
  ['two data files', ['orders-1.parquet', 'orders-4.parquet']],
  ['a delete file', ['deletes-3.parquet']],
] as const) {
  test(`beside ${what} of zeros the rest is optimized in the same run`, { timeout: 120_000 }, async () => {
    const table = await createOrders(root, what.replaceAll(' ', '_'), 6)
    const damaged = names.map((name) => join(table.directory, 'data/region=eu', name))
    const whole = damaged.map((path) => readFileSync(path))
    // Of the same length: only its reader finds out.
    for (const [at, path] of damaged.entries()) writeFileSync(path, new Uint8Array(must(whole[at], path).length))

    const hit = await optimize(table)
    assert.equal(hit.code, 1)
    assert.equal(hit.report.outcome, 'committed')
    assert.deepEqual(new Set(hit.report.failures.map(({ unreadableFile }) => unreadableFile)), new Set(damaged))
    for (const { kind } of hit.report.failures) assert.equal(kind, 'corrupt')
    if (what.endsWith('data files')) assert.match(hit.report.skipped.map(({ reason }) => reason).join(), /unreadable/)
    const left = await liveNames(table)
    for (const path of damaged) assert.ok(left.includes(path), `${path} is not part of the table any more`)

    for (const [at, path] of damaged.entries()) writeFileSync(path, must(whole[at], path))
    const healed = await optimize(table)
    assert.deepEqual([healed.code, healed.report.outcome, healed.report.failures], [0, 'committed', []])
    const { rows } = await liveRows(table)
    assert.equal(rows, 6 * 40 - 5 * 5)
  })
}

async function optimize(table: LakeTable): Promise<{ readonly code: number | null; readonly report: Report }> {
  const { code, out, err } = await runCli([
    'table',
    'optimize',
    table.directory,
    '--type',
    'full',
    '--skip-unreadable',
    '--json',
  ])
  assert.notEqual(out, '', err)
  return { code, report: parseExactJson(out, 'report') as unknown as Report }
}

async function liveFiles(table: LakeTable) {
  const { metadata } = await table.load()
  return readLiveFiles(localFileIO(systemRandom), metadata, must(currentSnapshot(metadata), 'snapshot'))
}

async function liveNames(table: LakeTable): Promise<readonly string[]> {
  const { data, deletes } = await liveFiles(table)
  return [...data, ...deletes].map(({ file }) => file.filePath)
}

/** Of a table without deletes, by its manifests; that they are right, each rewrite has proven. */
async function liveRows(table: LakeTable): Promise<{ readonly rows: number }> {
  const { data, deletes } = await liveFiles(table)
  assert.equal(deletes.length, 0)
  return { rows: data.reduce((sum, { file }) => sum + file.recordCount, 0) }
}
