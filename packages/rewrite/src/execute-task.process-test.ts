import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import { isKind, MoraineError } from '@moraine/stdx/error'
import {
  dataInput,
  openLab,
  outputRows,
  type RewriteLab,
  schemaOf,
  storedSchema,
  taskOf,
} from './testing/rewrite-lab.ts'

let lab: RewriteLab
before(() => {
  lab = openLab()
})
after(() => lab.close())

const SCHEMA = schemaOf([1, 'id', 'long'], [2, 'name', 'string'])

function numbers(from: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, at) => BigInt(from + at))
}

function writeNames(name: string, from: number, count: number, rowGroupSize = 1000): string {
  return lab.writeFile(
    name,
    [
      { name: 'table', num_children: 2 },
      { name: 'id', type: 'INT64', repetition_type: 'REQUIRED', field_id: 1 },
      { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 2 },
    ],
    {
      id: numbers(from, count),
      name: numbers(from, count).map((id) => (id % 5n === 0n ? null : `name ${id}`)),
    },
    { rowGroupSize },
  )
}

function namesRows(from: number, count: number): Record<string, unknown>[] {
  return numbers(from, count).map((id) => ({ id, name: id % 5n === 0n ? undefined : `name ${id}` }))
}

const normal = (rows: Record<string, unknown>[]) => rows.map(({ id, name }) => ({ id, name: name ?? undefined }))

test('a rewrite keeps every row in order, with field ids and metrics, and passes verification', async () => {
  const inputs = [writeNames('a.parquet', 0, 2500), writeNames('b.parquet', 2500, 700)].map((path) => dataInput(path))
  const task = taskOf(lab, { schema: SCHEMA }, { inputs })
  const result = await lab.run(task)
  assert.deepEqual(normal(await outputRows(result)), namesRows(0, 3200))
  const [file] = result.dataFiles
  assert.ok(file)
  assert.deepEqual(
    storedSchema(file.filePath).map(({ name, field_id, type }) => ({ name, field_id, type })),
    [
      { name: 'id', field_id: 1, type: 'INT64' },
      { name: 'name', field_id: 2, type: 'BYTE_ARRAY' },
    ],
  )
  assert.equal(file.filePath, `${task.output.directory}${task.output.filePrefix}-0.parquet`)
  assert.equal(file.recordCount, 3200)
  assert.equal(file.fileSizeBytes, readFileSync(file.filePath).length)
  assert.equal(file.metrics.nullValueCounts.get(2), 640)
  assert.deepEqual(Buffer.from(file.metrics.upperBounds.get(1) ?? []).readBigInt64LE(), 3199n)
  assert.equal(Buffer.from(file.metrics.lowerBounds.get(2) ?? []).toString(), 'name 1')
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
  assert.deepEqual(lab.leftovers().work, [])
})

test('a concat copies the row groups and passes verification', async () => {
  const inputs = [writeNames('c.parquet', 0, 1500), writeNames('d.parquet', 1500, 500)].map((path) => dataInput(path))
  const task = taskOf(lab, { schema: SCHEMA }, { inputs, method: { kind: 'concat', reason: 'test' } })
  const result = await lab.run(task)
  assert.equal(result.method.kind, 'concat')
  assert.deepEqual(normal(await outputRows(result)), namesRows(0, 2000))
  assert.equal(result.dataFiles[0]?.splitOffsets.length, 3)
  assert.deepEqual(verifyGroup(task, result, task.table), { kind: 'verified' })
})

test('a concat steps up to a rewrite where the footers do not allow it, and says why', async () => {
  const other = lab.writeFile(
    'int.parquet',
    [
      { name: 'table', num_children: 2 },
      { name: 'id', type: 'INT32', repetition_type: 'REQUIRED', field_id: 1 },
      { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 2 },
    ],
    { id: [7, 8], name: ['seven', 'eight'] },
  )
  const inputs = [writeNames('e.parquet', 0, 3), other].map((path) => dataInput(path))
  const task = taskOf(lab, { schema: SCHEMA }, { inputs, method: { kind: 'concat', reason: 'test' } })
  const result = await lab.run(task)
  assert.equal(result.method.kind, 'rewrite')
  assert.match(result.method.reason, /^not concatenated: the schemas of .*e\.parquet and .*int\.parquet differ/)
  assert.deepEqual(
    (await outputRows(result)).map((row) => row['id']),
    [0n, 1n, 2n, 7n, 8n],
  )
})

test('several outputs come near the target size and hold the rows in order', async () => {
  const path = await lab.writeSql(
    'large.parquet',
    'SELECT i AS id, sha256(i::VARCHAR) AS name FROM range(200000) r(i)',
    'FIELD_IDS {id: 1, name: 2}, COMPRESSION zstd',
  )
  const input = dataInput(path)
  for (const kind of ['rewrite', 'concat'] as const) {
    const inputs = kind === 'rewrite' ? [input] : [input, input, input]
    const target = kind === 'rewrite' ? input.fileSizeBytes / 3 : input.fileSizeBytes
    const task = taskOf(
      lab,
      { schema: SCHEMA },
      { inputs, targetSizeBytes: target, method: { kind, reason: 'test' } },
      { rowGroupSizeBytes: 1024 * 1024 },
    )
    const result = await lab.run(task)
    assert.equal(result.dataFiles.length, 3)
    for (const file of result.dataFiles)
      assert.ok(Math.abs(file.fileSizeBytes / target - 1) < 0.25, String(file.fileSizeBytes / target))
    if (kind === 'rewrite') {
      assert.deepEqual(
        (await outputRows(result)).map((row) => row['id']),
        numbers(0, 200_000),
      )
    }
  }
})

test('a file of another size or row count than its manifest says is corrupt, by name', async () => {
  const path = writeNames('counted.parquet', 0, 10)
  for (const method of ['rewrite', 'concat'] as const) {
    const tampered = [
      [dataInput(path, { recordCount: 11 }), /counted\.parquet holds 10 rows, its manifest says 11/],
      [dataInput(path, { fileSizeBytes: 5 }), /counted\.parquet has \d+ bytes, its manifest says 5/],
    ] as const
    for (const [input, message] of tampered) {
      const task = taskOf(lab, { schema: SCHEMA }, { inputs: [input], method: { kind: method, reason: 'test' } })
      await assert.rejects(lab.run(task), (error) => isKind(error, 'corrupt') && message.test(error.message))
    }
    const missing = { ...dataInput(path), filePath: join(lab.root, 'data', 'gone.parquet') }
    const task = taskOf(lab, { schema: SCHEMA }, { inputs: [missing], method: { kind: method, reason: 'test' } })
    await assert.rejects(lab.run(task), (error) => isKind(error, 'not-found') && /gone\.parquet/.test(error.message))
  }
  assert.deepEqual(lab.leftovers().work, [])
})

test('a truncated file is refused with its name, and nothing is left', async () => {
  const before = lab.leftovers().output
  const path = writeNames('truncated.parquet', 0, 5000)
  truncateSync(path, readFileSync(path).length - 100)
  const task = taskOf(
    lab,
    { schema: SCHEMA },
    {
      inputs: [
        {
          ...dataInput(writeNames('ok.parquet', 0, 1)),
          filePath: path,
          fileSizeBytes: readFileSync(path).length,
          recordCount: 5000,
        },
      ],
    },
  )
  await assert.rejects(lab.run(task), (error) => isKind(error, 'corrupt') && /truncated\.parquet/.test(error.message))
  assert.deepEqual(lab.leftovers(), { work: [], output: before })
})

test('damaged pages are refused with the name of the file', async () => {
  const before = lab.leftovers().output
  const path = await lab.writeSql(
    'damaged.parquet',
    "SELECT i AS id, 'name ' || i AS name FROM range(50000) r(i)",
    'FIELD_IDS {id: 1, name: 2}, COMPRESSION zstd',
  )
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4, 60)
  writeFileSync(path, bytes)
  const task = taskOf(
    lab,
    { schema: SCHEMA },
    { inputs: [dataInput(writeNames('fine.parquet', 0, 10)), dataInput(path)] },
  )
  await assert.rejects(lab.run(task), (error) => isKind(error, 'corrupt') && /damaged\.parquet/.test(error.message))
  assert.deepEqual(lab.leftovers(), { work: [], output: before })
})

test('an aborted task ends with the reason and leaves nothing', async () => {
  const before = lab.leftovers().output
  const path = await lab.writeSql(
    'long.parquet',
    'SELECT i AS id, sha256(i::VARCHAR) AS name FROM range(400000) r(i)',
    'FIELD_IDS {id: 1, name: 2}',
  )
  const reason = new MoraineError('aborted', 'cancelled by a test')
  for (const phase of ['staging', 'writing', 'verifying', 'publishing']) {
    const stop = new AbortController()
    const task = taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] })
    const running = lab.run(task, {
      signal: stop.signal,
      onProgress: (progress) => {
        if (progress.phase === phase) stop.abort(reason)
      },
    })
    await assert.rejects(running, reason, phase)
    assert.deepEqual(lab.leftovers(), { work: [], output: before }, phase)
  }
})

test('a task that takes too long is stopped', async () => {
  const path = join(lab.root, 'data', 'long.parquet')
  assert.ok(existsSync(path))
  const task = taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(path)] })
  await assert.rejects(
    lab.run(task, { timeoutMs: 300 }),
    (error) => isKind(error, 'timeout') && /300 ms/.test(error.message),
  )
  assert.deepEqual(lab.leftovers().work, [])
})

test('an output that exists already is never replaced, and those published before are taken back', async () => {
  const path = join(lab.root, 'data', 'large.parquet')
  const input = dataInput(path)
  const task = taskOf(
    lab,
    { schema: SCHEMA },
    { inputs: [input], targetSizeBytes: input.fileSizeBytes / 3 },
    { rowGroupSizeBytes: 1024 * 1024 },
  )
  const taken = `${task.output.directory}${task.output.filePrefix}-2.parquet`
  writeFileSync(taken, 'of somebody else')
  await assert.rejects(lab.run(task), (error) => isKind(error, 'already-exists') && error.message.includes(taken))
  assert.deepEqual(
    lab.leftovers().output.filter((name) => name.startsWith(task.output.filePrefix)),
    [`${task.output.filePrefix}-2.parquet`],
  )
  assert.equal(readFileSync(taken, 'utf8'), 'of somebody else')
})

test('a work directory that DuckDB would take for a pattern is refused', async () => {
  const workDir = join(lab.root, 'work[1]')
  mkdirSync(workDir)
  const task = taskOf(lab, { schema: SCHEMA }, { inputs: [dataInput(writeNames('pattern.parquet', 0, 1))] })
  await assert.rejects(lab.run(task, { workDir }), (error) => isKind(error, 'invalid-input'))
})
