import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { moraine, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { createOddTable, type OddTable } from './odd-table.ts'
import { accountForObjects, openUploads } from './s3-objects.ts'
import { type S3Message, s3Proxy } from './s3-proxy.ts'
import { S3_KEYS, s3Settings, startS3Server } from './s3-server.ts'

// Tables of a filesystem catalog on a real S3 server, optimized by the command as a user runs it. Names of tables,
// partitions and files have spaces, percent signs, pluses and letters of other scripts. PyIceberg, which has an S3 client
// of its own, reads every snapshot; what must be in it is known from what was written. Afterwards the bucket holds what
// the tables refer to, and nothing else. A proxy between Moraine and the server counts requests, and lets the server be
// killed when a certain one is under way.

const WAREHOUSE = 's3://lab/ware house 100%'
const server = await startS3Server()
const pyiceberg = await startPyIceberg()
const started = 'skip' in server ? undefined : { server, proxy: await s3Proxy(server.port) }
after(async () => {
  await started?.proxy.close()
  await started?.server.close()
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
})

if (started !== undefined && pyiceberg.kind === 'started') {
  const { server: store, proxy } = started
  const direct = s3Settings(store.port)
  const lab = { store, proxy, direct, pyiceberg: pyiceberg.engine }
  test('position deletes: every snapshot is read as it was written', (context) => optimizePositions(context, lab))
  for (const version of [2, 3] as const)
    test(`v${version}: equality deletes become rows that PyIceberg reads`, () => optimizeEquality(lab, version))
  test('a writer commits throughout: nothing of it is lost, and the command commits on top', () => writesBeside(lab))
  for (const moment of moments())
    test(`the server is killed: ${moment.name}`, { timeout: 120_000 }, () => killedAt(lab, moment))
  test('the server stays away: the command ends and says so', { timeout: 180_000 }, (context) =>
    staysAway(context, lab),
  )
  test('the service and an optimizer, the server killed meanwhile', { timeout: 180_000 }, (context) =>
    serve(context, lab),
  )
  test('a bucket that is not there is named, with what to look at', () => noSuchBucket(lab))
  test('wrong keys are a matter of permission, and not shown', () => wrongKeys(lab))
} else {
  const why = 'skip' in server ? server.skip : pyiceberg.kind === 'unavailable' ? pyiceberg.why : ''
  test('optimizing on S3', (context) => context.skip(why))
}

type Started = NonNullable<typeof started>
type Lab = {
  readonly store: Started['server']
  readonly proxy: Started['proxy']
  /** Past the proxy. */
  readonly direct: StorageSettings
  readonly pyiceberg: PyIceberg
}

async function optimizePositions(context: TestContext, lab: Lab): Promise<void> {
  const table = await writeTable(lab, 'bestellungen ü 50% +1', 2)
  for (const deletes of ['none', 'positions', 'positions', 'positions'] as const) await table.append(deletes)
  await assertRead(lab, table)
  lab.proxy.takeCounts()
  const run = await optimize(lab, table)
  assert.deepEqual([run.code, run.outcome], [0, 'committed'], run.stderr)
  const counts = lab.proxy.takeCounts()
  const { dataFiles } = await accountFor(lab, table)
  await assertRead(lab, table)
  // Each file of some kilobytes is looked up, read and hashed; what is asked for grows with the files, and only with these.
  const requests = [...counts.values()].reduce((sum, count) => sum + count, 0)
  assert.ok(requests <= 100 + 15 * dataFiles, `${requests} requests for ${dataFiles} files`)
  context.diagnostic(`${dataFiles} files in all snapshots; requests ${formatExactJson(Object.fromEntries(counts))}`)
  assert.equal((await optimize(lab, table)).outcome, 'nothing to do')
}

async function optimizeEquality(lab: Lab, version: 2 | 3): Promise<void> {
  const table = await writeTable(lab, `équalité v${version}`, version)
  for (const deletes of ['none', 'none', 'equality', 'equality'] as const) await table.append(deletes)
  await assertRead(lab, table)
  const run = await optimize(lab, table)
  assert.deepEqual([run.code, run.outcome], [0, 'committed'], run.stderr)
  await assertRead(lab, table)
  await accountFor(lab, table)
}

/**
 * This process writes while the command runs, past the proxy and at the worst moments: once its inputs are read, and twice
 * when its commit is on the wire. No other engine can: the reference implementation's catalog of folders commits by a
 * rename, which on S3 is a copy that replaces what is there, so that two writers of it lose commits whatever Moraine does.
 */
async function writesBeside(lab: Lab): Promise<void> {
  const table = await writeTable(lab, 'written beside ü +1', 2)
  for (const deletes of ['none', 'positions', 'positions'] as const) await table.append(deletes)
  const moments = [
    ({ method, key }: S3Message) => method === 'GET' && key.includes('/data/'),
    ...[1, 2].map(
      () =>
        ({ method, key }: S3Message) =>
          method === 'PUT' && /\/v\d+\.metadata\.json$/.test(key),
    ),
  ]
  lab.proxy.tap = async (message): Promise<'forward'> => {
    if (message.kind === 'request' && moments[0]?.(message) === true) {
      moments.shift()
      await table.append('none')
    }
    return 'forward'
  }
  const run = await optimize(lab, table)
  lab.proxy.tap = () => 'forward'
  assert.deepEqual([run.code, run.outcome, moments.length], [0, 'committed', 0], run.stderr)
  const { metadata } = await table.load()
  const written = metadata.snapshots.filter(({ snapshotId }) => table.states.has(snapshotId))
  assert.equal(written.length, 6)
  assert.ok(currentSnapshot(metadata)?.summary[PROCESS_MARK] !== undefined, 'the command commits last')
  await assertRead(lab, table)
  await accountFor(lab, table)
}

type Moment = {
  readonly name: string
  /** Whether the server dies when this is on the wire. */
  readonly isIt: (message: S3Message) => boolean
}

// A function, since it is called before constants below are initialized.
function moments(): readonly Moment[] {
  const isData = ({ key }: S3Message) => key.includes('/data/')
  const puts = ({ method }: S3Message) => method === 'PUT' || method === 'POST'
  const isVersion = ({ key }: S3Message) => /\/v\d+\.metadata\.json$/.test(key)
  return [
    {
      name: 'a data file is read',
      isIt: (message) => message.kind === 'request' && message.method === 'GET' && isData(message),
    },
    { name: 'an output is written', isIt: (message) => message.kind === 'request' && puts(message) && isData(message) },
    {
      name: 'an output was written',
      isIt: (message) => message.kind === 'answer' && puts(message) && isData(message),
    },
    {
      name: 'a manifest is written',
      isIt: (message) => message.kind === 'request' && puts(message) && message.key.endsWith('-m0.avro'),
    },
    { name: 'the commit', isIt: (message) => message.kind === 'request' && puts(message) && isVersion(message) },
    {
      name: 'the answer to the commit',
      isIt: (message) => message.kind === 'answer' && puts(message) && isVersion(message),
    },
  ]
}

async function killedAt(lab: Lab, { name, isIt }: Moment): Promise<void> {
  const table = await writeTable(lab, `killed, ${name}`, 2)
  for (const deletes of ['none', 'positions', 'positions'] as const) await table.append(deletes)
  let restarted: Promise<void> | undefined
  lab.proxy.tap = async (message) => {
    if (restarted !== undefined || !isIt(message)) return 'forward'
    restarted = lab.store.kill().then(() => lab.store.start())
    await restarted
    return 'drop'
  }
  const run = await optimize(lab, table)
  lab.proxy.tap = () => 'forward'
  assert.ok(restarted, 'the moment came')
  await restarted
  assert.deepEqual([run.code, run.outcome], [0, 'committed'], run.stderr)
  assert.equal((await optimize(lab, table)).outcome, 'nothing to do')
  await assertRead(lab, table)
  await accountFor(lab, table)
}

async function staysAway(context: TestContext, lab: Lab): Promise<void> {
  const table = await writeTable(lab, 'gone', 2)
  for (const deletes of ['none', 'positions', 'positions'] as const) await table.append(deletes)
  lab.proxy.tap = async ({ kind, method, key }): Promise<'forward'> => {
    if (kind === 'request' && method === 'GET' && key.includes('/data/')) await lab.store.kill()
    return 'forward'
  }
  const run = await optimize(lab, table)
  lab.proxy.tap = () => 'forward'
  assert.equal(run.code, 3)
  assertClean(run)
  assert.match(run.stderr, /nothing was committed, \d groups failed, such as group \d: .*\/data\/region=/)
  context.diagnostic(run.stderr.trim())
  await lab.store.start()
  assert.equal((await optimize(lab, table)).outcome, 'committed')
  await assertRead(lab, table)
  await accountFor(lab, table)
}

async function serve(context: TestContext, lab: Lab): Promise<void> {
  const warehouse = 's3://lab/served ü 100%'
  const table = await writeTable(lab, 'served, +1', 2, warehouse)
  for (const deletes of ['none', 'positions', 'positions'] as const) await table.append(deletes)
  const dataDir = mkdtempSync(`${tmpdir()}/moraine-s3-service-`)
  context.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const { stores, close } = await openSqlite(`${dataDir}/moraine.db`)
  const properties = { warehouse, ...s3Settings(lab.proxy.port) }
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'hadoop', properties })
  await close()
  const service = await startService(dataDir)
  context.after(() => service.kill())
  const { namespace, name } = table.identifier
  const db = encodeURIComponent(namespace.join('.'))
  const serviceTable = { catalog: 'lake', db, table: encodeURIComponent(name) }
  const optimized = async () => {
    await service.requestOptimizing(serviceTable, 'full')
    await untilAnswered(async () => {
      const { metadata } = await table.load()
      return currentSnapshot(metadata)?.summary[PROCESS_MARK]
    }, context.signal)
    return untilAnswered(() => service.findSettled(serviceTable), context.signal)
  }
  await optimized()
  await assertRead(lab, table)
  await accountFor(lab, table)

  await table.append('none')
  let killed: Promise<void> | undefined
  lab.proxy.tap = async ({ kind, method, key }) => {
    if (killed !== undefined || kind !== 'request' || method !== 'PUT' || !key.includes('/data/')) return 'forward'
    killed = lab.store.kill().then(() => lab.store.start())
    await killed
    return 'drop'
  }
  const processes = await optimized()
  lab.proxy.tap = () => 'forward'
  assert.ok(killed, 'an output was written')
  await assertRead(lab, table)
  await accountFor(lab, table)
  context.diagnostic(processes.map(({ state, failReason }) => `${state.status} ${failReason ?? ''}`).join('; '))
  await service.stop()
}

async function noSuchBucket(lab: Lab): Promise<void> {
  const run = await moraine(['table', 'optimize', 's3://no-such-bucket/a b/t', '--json', ...storageOptions(lab)])
  assert.equal(run.code, 2, run.stderr)
  assert.match(run.stderr, /no-such-bucket/)
  assert.match(run.stderr, /bucket/i)
  assertNoSecret(run.stderr + run.stdout)
}

async function wrongKeys(lab: Lab): Promise<void> {
  const table = await writeTable(lab, 'keys', 2)
  await table.append('none')
  const secret = 'wrong-but-not-to-be-shown'
  const run = await moraine([
    ...['table', 'optimize', table.location, '--json'],
    ...storageOptions(lab, { 's3.secret-access-key': secret }),
  ])
  assert.equal(run.code, 4)
  assert.match(run.stderr, /permission|denied|SignatureDoesNotMatch/i)
  assert.ok(!(run.stderr + run.stdout).includes(secret))
  assertNoSecret(run.stderr + run.stdout)
}

async function writeTable(
  { direct }: Lab,
  name: string,
  formatVersion: 2 | 3,
  warehouse = WAREHOUSE,
): Promise<OddTable> {
  const io = openStorage(direct, { clock: systemClock, random: systemRandom })
  const onLeftover = (error: unknown) => assert.fail(String(error))
  const catalog = filesystemCatalog({
    ...{ name: 'lake', warehouse, io },
    ...{ clock: systemClock, random: systemRandom, onLeftover },
  })
  return createOddTable(catalog, io, { namespace: ['größe & co'], name }, formatVersion)
}

/** PyIceberg reads the current state and every snapshot as they were written; those of Moraine hold what the one before held. */
async function assertRead({ pyiceberg, direct }: Lab, table: OddTable): Promise<void> {
  const { metadata, metadataLocation } = await table.load()
  const properties = { ...direct, 's3.region': 'us-east-1' }
  const read = (snapshotId: bigint) => pyiceberg.readRows({ metadataFile: metadataLocation, properties, snapshotId })
  let expected: { readonly rows: readonly string[]; readonly hasEqualityDeletes: boolean } | undefined
  for (const { snapshotId } of metadata.snapshots) {
    // An optimized snapshot has no equality deletes left.
    expected = table.states.get(snapshotId) ?? {
      rows: must(expected, 'a commit before').rows,
      hasEqualityDeletes: false,
    }
    if (expected.hasEqualityDeletes) await assert.rejects(read(snapshotId), /equality deletes/)
    else assert.deepEqual(await read(snapshotId), expected.rows, String(snapshotId))
  }
  assert.equal(metadata.snapshots.at(-1)?.snapshotId, metadata.currentSnapshotId)
}

async function accountFor({ direct }: Lab, table: OddTable): Promise<{ readonly dataFiles: number }> {
  const { lost, strays, dataFiles } = await accountForObjects(
    openStorage(direct, { clock: systemClock, random: systemRandom }),
    await table.load(),
  )
  assert.deepEqual(lost, [])
  assert.deepEqual(strays, [])
  assert.deepEqual(await openUploads(direct, table.location), [])
  return { dataFiles }
}

type Run = { readonly code: number; readonly outcome: string | undefined; readonly stderr: string }

async function optimize(lab: Lab, table: OddTable): Promise<Run> {
  const { code, stdout, stderr } = await moraine([
    ...['table', 'optimize', table.location, '--type', 'full', '--json'],
    ...storageOptions(lab),
  ])
  assertNoSecret(stderr + stdout)
  if (stdout === '') return { code, outcome: undefined, stderr }
  const report = parseExactJson(stdout, 'report') as { readonly outcome: string }
  return { code, outcome: report.outcome, stderr }
}

function storageOptions({ proxy }: Lab, changed: StorageSettings = {}): readonly string[] {
  const settings = { ...s3Settings(proxy.port), ...changed }
  return ['--storage', ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)]
}

/** A failure that says what it is, in one line. */
function assertClean({ stderr }: Run): void {
  assert.match(stderr, /^moraine: /m)
  assert.doesNotMatch(stderr, /^\s+at /m, 'a stack')
}

function assertNoSecret(output: string): void {
  assert.ok(!output.includes(S3_KEYS.secretAccessKey), output)
}
