import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { runCli } from '../testing/run-cli.ts'

type Figures = { readonly snapshotId: bigint; readonly dataFiles: number; readonly rows: number }
type Report = { readonly before: Figures; readonly after: Figures; readonly sameRows: boolean }

test('start --once --json ends by itself, and its last line is the report', { timeout: 120_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'moraine-start-'))
  try {
    const args = ['start', '--once', '--json', '--port', '0', '--thrift-port', '0', '--data-dir', dataDir]
    const { code, out, err } = await runCli(args)
    assert.equal(code, 0, err)
    const report = parseExactJson(out.trimEnd().split('\n').at(-1) ?? '', 'the last line') as unknown as Report
    assert.equal(report.sameRows, true)
    assert.ok(report.after.rows > 0 && report.after.rows === report.before.rows)
    assert.ok(report.after.dataFiles < report.before.dataFiles)
    assert.equal(typeof report.after.snapshotId, 'bigint')
    assert.ok(existsSync(join(dataDir, 'moraine.db')))
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
