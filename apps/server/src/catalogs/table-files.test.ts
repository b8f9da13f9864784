import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StorageAccess } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import type { StorageSettings } from '@moraine/storage/settings'
import { ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { tableFiles } from './table-files.ts'

const HOUR_MS = 3_600_000
const FILE = 's3://b/t/data/1.parquet'

/**
 * A catalog that gives out keys k1, k2, ... that live for so long, and a store that takes those that have not ended and
 * were not revoked.
 */
function setUp({ lifeMs = HOUR_MS, saysEnd = true, own = {} as StorageSettings } = {}) {
  const clock = virtualClock(1_800_000_000_000)
  const objects = memoryFileIO()
  const ends = new Map<string, number>()
  const asked: (StorageAccess | undefined)[] = []
  const late: unknown[] = []
  const opened: string[] = []
  const used: string[] = []
  let failure: MoraineError | undefined
  let expiredKind: 'permission' | 'invalid-input' = 'permission'
  const give = (): StorageAccess => {
    const key = `k${ends.size + 1}`
    ends.set(key, clock.now() + lifeMs)
    const properties = {
      's3.access-key-id': key,
      ...(saysEnd && { 's3.session-token-expires-at-ms': String(clock.now() + lifeMs) }),
    }
    return { location: 's3://b/t', properties }
  }
  const files = tableFiles({
    async loadStorage(_identifier, before) {
      asked.push(before)
      await Promise.resolve()
      if (failure !== undefined) throw failure
      return give()
    },
    own,
    io: objects,
    open(settings) {
      const key = settings['s3.access-key-id'] ?? ''
      opened.push(key)
      const check = () => {
        used.push(key)
        if (clock.now() < (ends.get(key) ?? 0)) return
        throw new MoraineError(expiredKind, `refused: ExpiredToken of ${key}`)
      }
      return {
        ...objects,
        async read(...args) {
          check()
          return objects.read(...args)
        },
        async write(...args) {
          check()
          return objects.write(...args)
        },
        async *list(...args) {
          check()
          yield* objects.list(...args)
        },
      } satisfies FileIO
    },
    clock,
    onLate: (_identifier: TableIdentifier, error: unknown) => late.push(error),
  })
  return {
    ...{ clock, files, io: files.io(ORDERS), asked, opened, used, late, give },
    pass: (ms: number) => clock.run(clock.sleep(ms)),
    revoke: (key: string, kind: typeof expiredKind = 'permission') => {
      expiredKind = kind
      ends.set(key, 0)
    },
    fail: (error: MoraineError | undefined) => {
      failure = error
    },
  }
}

test('credentials are asked for once, used on, and renewed before they end', async () => {
  const { io, asked, opened, pass, used } = setUp()
  await Promise.all([io.write(FILE, new Uint8Array([1])), io.stat(FILE), io.read(FILE).catch(() => undefined)])
  assert.equal(asked.length, 1)
  await pass(HOUR_MS - 5 * 60_000 - 1)
  await io.read(FILE)
  assert.equal(asked.length, 1)
  await pass(1)
  await Promise.all([io.read(FILE), io.read(FILE)])
  assert.deepEqual([asked.length, opened], [2, ['k1', 'k2']])
  assert.equal(asked[1]?.properties['s3.access-key-id'], 'k1')
  assert.equal(used.at(-1), 'k2')
})

test('credentials of a short life are renewed after half of it; those that do not say are taken to live as STS gives', async () => {
  for (const [options, half] of [
    [{ lifeMs: 20_000 }, 10_000],
    [{ saysEnd: false }, 10 * 60_000],
  ] as const) {
    const { io, asked, pass } = setUp(options)
    await io.write(FILE, new Uint8Array([1]))
    await pass(half - 1)
    await io.read(FILE)
    assert.equal(asked.length, 1)
    await pass(1)
    await io.read(FILE)
    assert.equal(asked.length, 2)
  }
})

test('while they cannot be renewed those at hand are used, and it is said; once they end it fails', async () => {
  const { io, asked, late, pass, fail } = setUp()
  await io.write(FILE, new Uint8Array([1]))
  await pass(HOUR_MS - 4 * 60_000)
  fail(new MoraineError('unavailable', 'the catalog is away'))
  await io.read(FILE)
  await io.read(FILE)
  assert.deepEqual([asked.length, late.length], [2, 1])
  await pass(10_000)
  await io.read(FILE)
  assert.deepEqual([asked.length, late.length], [3, 2])
  await pass(4 * 60_000)
  await assert.rejects(io.read(FILE), (error) => isKind(error, 'unavailable') && /sales\.orders/.test(error.message))
  fail(undefined)
  await io.read(FILE)
})

test('what the store refuses is done once more with other credentials, a listing before its first file', async () => {
  for (const kind of ['permission', 'invalid-input'] as const) {
    const { io, asked, used, pass, revoke } = setUp()
    await io.write(FILE, new Uint8Array([7]))
    await pass(60_000)
    revoke('k1', kind)
    assert.deepEqual([...(await io.read(FILE))], [7])
    assert.deepEqual([asked.length, used], [2, ['k1', 'k1', 'k2']])
    await pass(60_000)
    revoke('k2', kind)
    assert.equal((await Array.fromAsync(io.list('s3://b/t/'))).length, 1)
    assert.equal(asked.length, 3)
    // Just given out: what is refused now is refused for another reason.
    revoke('k3', kind)
    await assert.rejects(io.read(FILE), (error) => isKind(error, kind))
    assert.equal(asked.length, 3)
  }
})

test('others are given credentials with most of their life before them', async () => {
  const { files, asked, pass, fail } = setUp()
  const keyOf = async () => (await files.loadSettings(ORDERS))['s3.access-key-id']
  assert.equal(await keyOf(), 'k1')
  await pass(HOUR_MS / 10 - 1)
  assert.equal(await keyOf(), 'k1')
  await pass(1)
  assert.equal(await keyOf(), 'k2')
  fail(new MoraineError('unavailable', 'the catalog is away'))
  await pass(HOUR_MS / 2 - 1)
  assert.equal(await keyOf(), 'k2')
  await pass(RETRY_MS)
  await assert.rejects(keyOf(), (error) => isKind(error, 'unavailable'))
  assert.equal(asked.length, 4)
})

const RETRY_MS = 10_000

test('what comes with a table that is loaded is used, if there is nothing better', async () => {
  const { files, io, asked, give, used, pass } = setUp()
  const loaded = ({ location, properties }: StorageAccess) => ({
    identifier: ORDERS,
    metadata: { location },
    storageProperties: properties,
  })
  files.notice(loaded(give()))
  files.notice(loaded(give()))
  await io.write(FILE, new Uint8Array([1]))
  await pass(HOUR_MS - 60_000)
  files.notice(loaded(give()))
  await io.read(FILE)
  files.notice(loaded({ ...give(), location: 's3://b/moved' }))
  await io.read(FILE)
  assert.deepEqual([asked.length, used], [0, ['k1', 'k3', 'k4']])
  files.notice({
    ...loaded(give()),
    identifier: { ...ORDERS, name: 'signed' },
    storageProperties: { 's3.remote-signing-enabled': 'true' },
  })
})

test('a catalog that says nothing is asked rarely, and its files are reached as it was registered', async () => {
  const own = { 's3.access-key-id': 'mine' }
  const objects = memoryFileIO()
  const clock = virtualClock()
  let asked = 0
  const opened: StorageSettings[] = []
  const files = tableFiles({
    async loadStorage() {
      asked += 1
      return { location: 's3://b/t', properties: {} }
    },
    ...{ own, io: objects, clock, onLate: () => assert.fail() },
    open(settings) {
      opened.push(settings)
      return objects
    },
  })
  await files.io(ORDERS).write(FILE, new Uint8Array([1]))
  await clock.run(clock.sleep(HOUR_MS))
  assert.deepEqual([objects.locations(), await files.loadSettings(ORDERS), asked], [[FILE], own, 1])
  assert.deepEqual(opened, [])
  // It begins to vend.
  const vended = { 's3.access-key-id': 'theirs' }
  const loaded = { identifier: ORDERS, metadata: { location: 's3://b/t' }, storageProperties: vended }
  files.notice(loaded)
  assert.deepEqual([await files.loadSettings(ORDERS), asked, opened], [vended, 1, [vended]])
})

test('one who asks no longer is not kept waiting, and others are', async () => {
  const never = new AbortController()
  const files = tableFiles({
    loadStorage: () => new Promise(() => {}),
    ...{ own: {}, io: memoryFileIO(), clock: virtualClock(), onLate: () => assert.fail(), open: () => assert.fail() },
  })
  const waiting = files.io(ORDERS).read(FILE, never.signal)
  never.abort()
  await assert.rejects(waiting, (error) => isKind(error, 'aborted'))
})
