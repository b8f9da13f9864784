import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { directoryChanges, directoryState, NO_CHANGES } from '@moraine/testkit/damage/directory-state'
import { parquetRead } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { contentFile } from '../sample/order-files.ts'
import { orderBatch } from '../sample/sample-orders.ts'
import { createLakeTable, createOrders, type LakeTable, storeData } from '../testing/lake-table.ts'
import { type CliEnd, type CliOptions, runCli } from '../testing/run-cli.ts'

// What a user sees of `moraine table optimize` when the table, or the machine, is not as it should be. Each time: exit
// code 1, an error that names the file and says what to do, the directory byte for byte as it was, and nothing left
// in it or in the directory for temporary files.

const root = mkdtempSync(join(tmpdir(), 'moraine-bad-'))
const isRoot = process.getuid?.() === 0
after(() => rmSync(root, { recursive: true, force: true }))

let tables = 0

async function orders(): Promise<LakeTable> {
  tables += 1
  return createOrders(join(root, `warehouse-${tables}`), 'orders')
}

type Refusal = {
  /** What the error must say: the file, and the remedy or cause. */
  readonly says: readonly (string | RegExp)[]
  readonly options?: CliOptions
  /** As docs/reference/exit-codes.md has it. */
  readonly code?: number
}

async function refuses(table: LakeTable, { says, options = {}, code = 1 }: Refusal): Promise<CliEnd> {
  const before = directoryState(table.directory)
  const end = await optimize(table, options)
  assert.equal(end.code, code, `${end.out}\n${end.err}`)
  for (const each of says) {
    if (typeof each === 'string') assert.ok(end.err.includes(each), `${each} is not in: ${end.err}`)
    else assert.match(end.err, each)
  }
  assert.doesNotMatch(end.err, /^ {4}at /m, 'a stack trace is no message')
  assert.deepEqual(directoryChanges(before, directoryState(table.directory)), NO_CHANGES)
  return end
}

async function optimize(table: LakeTable, options: CliOptions = {}): Promise<CliEnd> {
  const temporary = options.env?.['TMPDIR'] ?? mkdtempSync(join(root, 'tmp-'))
  if (options.uid !== undefined) chmodSync(temporary, 0o777)
  const args = ['table', 'optimize', table.directory, '--type', 'full']
  const end = await runCli(args, { ...options, env: { TMPDIR: temporary, ...options.env } })
  assert.deepEqual(readdirSync(temporary), [], 'files left in TMPDIR')
  return end
}

async function filesOf(table: LakeTable) {
  const { metadata, metadataLocation } = await table.load()
  const snapshot = must(currentSnapshot(metadata), 'snapshot')
  const list = snapshot.manifests.kind === 'list' ? snapshot.manifests.location : ''
  const manifests = await readManifests(localFileIO(systemRandom), metadata, snapshot)
  const data = join(table.directory, 'data/region=eu/orders-1.parquet')
  return { metadataLocation, list, manifest: must(manifests[0], 'manifest').manifestPath, data }
}

function edit(path: string, change: (bytes: Buffer) => Uint8Array | string): void {
  writeFileSync(path, change(readFileSync(path)))
}

const FILES = ['metadataLocation', 'list', 'manifest', 'data'] as const

for (const which of FILES) {
  test(`truncated: ${which}`, async () => {
    const table = await orders()
    const path = (await filesOf(table))[which]
    edit(path, (bytes) => bytes.subarray(0, bytes.length / 2))
    await refuses(table, { says: [basename(path)] })
  })
  test(`empty: ${which}`, async () => {
    const table = await orders()
    const path = (await filesOf(table))[which]
    writeFileSync(path, '')
    await refuses(table, { says: [basename(path)] })
  })
  if (which === 'metadataLocation') continue
  test(`missing: ${which}`, async () => {
    const table = await orders()
    const path = (await filesOf(table))[which]
    rmSync(path)
    await refuses(table, { says: [path, /ENOENT; there is no such file/] })
  })
}

test('damaged pages of a data file', async () => {
  const table = await orders()
  const { data } = await filesOf(table)
  edit(data, (bytes) => bytes.fill(0xff, 4, 60))
  await refuses(table, { says: [data, /damaged|corrupt/i] })
})

test('a damaged footer', async () => {
  const table = await orders()
  const { data } = await filesOf(table)
  edit(data, (bytes) => bytes.fill(0xff, bytes.length - 120, bytes.length - 20))
  await refuses(table, { says: [`footer of ${data}`] })
})

test('a metadata file that the hint names and that is gone', async () => {
  const table = await orders()
  for (const name of readdirSync(join(table.directory, 'metadata'))) {
    if (name.endsWith('.metadata.json')) rmSync(join(table.directory, 'metadata', name))
  }
  await refuses(table, { says: [table.directory, 'has no metadata file'] })
})

test('a manifest that names a file outside the table', async () => {
  const table = await orders()
  const file = await storeData(table, 'data/region=eu/in.parquet', orderBatch(9, 0n).inserted.slice(0, 10))
  const outside = join(root, 'outside.parquet')
  writeFileSync(outside, readFileSync(file.filePath))
  rmSync(file.filePath)
  await table.commit([{ ...file, filePath: outside }])
  const before = readFileSync(outside)
  const end = await optimize(table)
  // The format allows it (imported tables do it): it is read like any other, and never written to or removed.
  assert.equal(end.code, 0, end.err)
  assert.deepEqual(readFileSync(outside), before)
})

test('a manifest that names a file outside the table that is not there', async () => {
  const table = await orders()
  const file = await storeData(table, 'data/region=eu/in.parquet', orderBatch(9, 0n).inserted.slice(0, 10))
  rmSync(file.filePath)
  await table.commit([{ ...file, filePath: '/nowhere/orders.parquet' }])
  await refuses(table, { says: ['/nowhere/orders.parquet', 'ENOENT'] })
})

test('a manifest that names a file by a way out of the table', async () => {
  const table = await orders()
  const file = await storeData(table, 'data/region=eu/in.parquet', orderBatch(9, 0n).inserted.slice(0, 10))
  const filePath = `${table.directory}/../orders/data/region=eu/in.parquet`
  await table.commit([{ ...file, filePath }])
  await refuses(table, { says: [filePath, 'name it without . and .. segments'] })
})

test('format version 4', async () => {
  const table = await orders()
  const { metadataLocation } = await filesOf(table)
  edit(metadataLocation, (bytes) => bytes.toString().replace('"format-version":2', '"format-version":4'))
  await refuses(table, { says: [metadataLocation, /format version 4/i] })
})

test('an unknown codec in a manifest', async () => {
  const table = await orders()
  const { manifest } = await filesOf(table)
  edit(manifest, (bytes) => Buffer.from(bytes.toString('latin1').replace('deflate', 'deflatX'), 'latin1'))
  await refuses(table, { says: [manifest, 'deflatX'] })
})

test('a codec for new files that nobody knows', async () => {
  const table = await orders()
  const { metadataLocation } = await filesOf(table)
  edit(metadataLocation, (bytes) =>
    bytes.toString().replace(/("write.parquet.compression-codec"):"\w+"/, '$1:"squash"'),
  )
  await refuses(table, { says: ['write.parquet.compression-codec', 'squash'] })
})

test('an encrypted data file: its footer says so', async () => {
  const table = await orders()
  const { data } = await filesOf(table)
  edit(data, (bytes) => {
    bytes.write('PARE', 0)
    bytes.write('PARE', bytes.length - 4)
    return bytes
  })
  await refuses(table, { says: [data, /encrypted/] })
})

test('an encrypted data file: its manifest says so', async () => {
  const table = await orders()
  const file = await storeData(table, 'data/region=eu/secret.parquet', orderBatch(9, 0n).inserted.slice(0, 10))
  await table.commit([{ ...file, keyMetadata: Uint8Array.of(1, 2, 3) }])
  const end = await optimize(table)
  // The others are optimized; this one stays, which is said.
  assert.equal(end.code, 0, end.err)
  assert.match(end.out, /left alone: region=eu: encrypted: 1 files? left alone/)
  const { metadata } = await table.load()
  const { data } = await readLiveFiles(localFileIO(systemRandom), metadata, must(currentSnapshot(metadata), 'snapshot'))
  assert.ok(data.some((entry) => entry.file.filePath === file.filePath && entry.file.keyMetadata !== undefined))
})

test('a wrong row count in a manifest', async () => {
  const table = await orders()
  const file = await storeData(table, 'data/region=eu/miscounted.parquet', orderBatch(9, 0n).inserted.slice(0, 10))
  await table.commit([{ ...file, recordCount: 11 }])
  await refuses(table, { says: [file.filePath, /\b10\b/, /\b11\b/] })
})

test('a wrong size in a manifest', async () => {
  const table = await orders()
  const file = await storeData(table, 'data/region=eu/missized.parquet', orderBatch(9, 0n).inserted.slice(0, 10))
  await table.commit([{ ...file, fileSizeBytes: file.fileSizeBytes + 7 }])
  await refuses(table, { says: [file.filePath, String(file.fileSizeBytes)] })
})

test('a snapshot id above 2^53 stays what it is', async () => {
  const table = await orders()
  const { metadataLocation } = await filesOf(table)
  const { metadata } = await table.load()
  const old = String(metadata.currentSnapshotId)
  const id = '9223372036854775807'
  edit(metadataLocation, (bytes) =>
    bytes
      .toString()
      .replaceAll(`"current-snapshot-id":${old}`, `"current-snapshot-id":${id}`)
      .replaceAll(`"snapshot-id":${old}`, `"snapshot-id":${id}`),
  )
  const end = await optimize(table)
  assert.equal(end.code, 0, end.err)
  const after = (await table.load()).metadata
  assert.ok(after.snapshots.some(({ snapshotId }) => snapshotId === BigInt(id)))
  assert.equal(currentSnapshot(after)?.parentSnapshotId, BigInt(id))
})

const AWKWARD = ['__proto__', `it's "quoted"`, 'a.b.c', '\u540d\u524d', 'Id', 'id'] as const

test('names with quotes, dots, other scripts, __proto__, and names that differ only in case', async () => {
  const types = ['long', 'string', 'string', 'string', 'long', 'long'] as const
  const fields = AWKWARD.map((name, at) => {
    return { id: at + 1, name, required: false, type: { kind: types[at] ?? 'long' } }
  })
  const identifier = { namespace: [`d.b's`], name: `t "\u8868".__proto__` }
  const table = await createLakeTable(join(root, 'awkward'), identifier, {
    schema: { schemaId: 0, fields, identifierFieldIds: [] },
    partitionSpec: { fields: [{ sourceIds: [3], name: 'a.b.c', transform: { kind: 'identity' } }] },
    properties: { 'format-version': '2', __proto__x: 'y', ['__proto__']: 'polluted' },
  })
  const partition = `x/y='\u00e9'.."z"`
  const expected: unknown[][] = []
  for (let at = 0; at < 3; at += 1) {
    const rows = [0, 1, 2].map((row) => [
      BigInt(at * 3 + row),
      `o'${row}"`,
      partition,
      '\u5024',
      BigInt(row),
      BigInt(-row),
    ])
    expected.push(...rows)
    const columnData = AWKWARD.map((name, column) => ({ name, data: rows.map((row) => row[column]) }))
    const schema = [
      { name: 'table', num_children: AWKWARD.length },
      ...AWKWARD.map((name, column) => ({
        name,
        repetition_type: 'OPTIONAL' as const,
        field_id: column + 1,
        ...(types[column] === 'long'
          ? { type: 'INT64' as const }
          : { type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const }),
      })),
    ]
    const bytes = new Uint8Array(parquetWriteBuffer({ schema, columnData: columnData as ColumnData }))
    const filePath = await table.store(`data/f${at} 'q" \u00e9.parquet`, bytes)
    const counts = { filePath, region: partition, bytes, orderIds: [0n, 1n, 2n] }
    await table.commit([{ ...contentFile('data', counts), metrics: () => EMPTY_METRICS }])
  }
  const before = await optimize(table)
  assert.equal(before.code, 0, before.err)
  assert.match(before.out, /1 of 1 group done, committed/)
  const { metadata } = await table.load()
  const { data } = await readLiveFiles(localFileIO(systemRandom), metadata, must(currentSnapshot(metadata), 'snapshot'))
  assert.equal(data.length, 1)
  const file = readFileSync(must(data[0], 'the output').file.filePath)
  const rows: unknown[][] = []
  await parquetRead({
    file: new Uint8Array(file).buffer,
    compressors: { ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)) },
    onComplete: (read) => rows.push(...(read as unknown[][])),
  })
  assert.deepEqual(rows.sort(byFirst), expected.sort(byFirst))
  assert.equal(Object.hasOwn(metadata.properties, '__proto__'), true)
})

type ColumnData = Parameters<typeof parquetWriteBuffer>[0]['columnData']

function byFirst(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[0]) - Number(b[0])
}

test('a directory that cannot be written to', { skip: !isRoot && statSync(root).uid === 0 }, async () => {
  const table = await orders()
  const paths = ['', ...readdirSync(table.directory, { recursive: true, encoding: 'utf8' })].map((each) =>
    join(table.directory, each),
  )
  for (const path of paths) chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444)
  chmodSync(root, 0o755)
  // Root may write everywhere: the command runs as nobody then.
  await refuses(table, {
    says: [table.directory, /EACCES; give the user/],
    options: isRoot ? { uid: 65_534 } : {},
    code: 4,
  })
  for (const path of paths) if (statSync(path).isDirectory()) chmodSync(path, 0o755)
})

test('a file that may not grow as large as the output', async () => {
  const table = await orders()
  await refuses(table, { says: [/EFBIG|too large|File too large/i], options: { fileSizeKib: 2 } })
})

const canMount = isRoot && mounts(join(root, 'probe'), '1m')

function mounts(directory: string, size: string): boolean {
  mkdirSync(directory)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { stdio: 'ignore' })
    if (directory.endsWith('probe')) execFileSync('umount', [directory])
    return true
  } catch {
    return false
  }
}

test('a disk that fills up', { skip: !canMount && 'needs the right to mount a small disk' }, async (context) => {
  const disk = join(root, 'disk')
  mounts(disk, '256k')
  context.after(() => execFileSync('umount', [disk]))
  const table = await createOrders(disk, 'orders', 6)
  // As full as can be: not a page is free.
  const filler = join(disk, 'filler')
  for (let size = 200_000; size > 0; size -= 4096) {
    try {
      writeFileSync(filler, Buffer.alloc(size))
      break
    } catch {}
  }
  await refuses(table, { says: [table.directory, /ENOSPC; free space/] })
  rmSync(filler)
  assert.equal((await optimize(table)).code, 0)
})

test('a full disk for temporary files', {
  skip: !canMount && 'needs the right to mount a small disk',
}, async (context) => {
  const table = await orders()
  const disk = join(root, 'full-tmp')
  mounts(disk, '8k')
  context.after(() => execFileSync('umount', [disk]))
  await refuses(table, { says: [disk, /ENOSPC|No space left|free space/], options: { env: { TMPDIR: disk } } })
})
