import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { DuckDbPool, type DuckDbSession } from './duckdb-pool.ts'

let root = ''
let pool: DuckDbPool
let tasks = 0
const never = new AbortController().signal

before(() => {
  root = mkdtempSync(join(tmpdir(), 'moraine-pool-'))
  pool = new DuckDbPool({ clock: systemClock, size: 2, tasksPerChild: 3, graceMs: 1000 })
})

after(async () => {
  await pool.close()
  rmSync(root, { recursive: true, force: true })
})

function taskDirectory(): string {
  tasks += 1
  return join(root, `task-${tasks}`)
}

async function withSession<T>(
  work: (session: DuckDbSession, directory: string) => Promise<T>,
  signal = never,
): Promise<T> {
  const directory = taskDirectory()
  return (await pool.withSession(directory, (session) => work(session, directory), signal)).value
}

const refuses = (kind: Parameters<typeof isKind>[1]) => (error: unknown) => isKind(error, kind)

test('runs statements and queries, and tells what they cost', async () => {
  const { value, cost } = await pool.withSession(
    taskDirectory(),
    async (session) => {
      await session.run('CREATE TABLE t(x BIGINT)')
      await session.run('INSERT INTO t VALUES (9007199254740993)')
      return session.query('SELECT x, 1::INTEGER AS y FROM t')
    },
    never,
  )
  assert.deepEqual(value, [{ x: 9007199254740993n, y: 1 }])
  assert.ok(cost.cpuMs > 0 && cost.cpuMs < 10_000)
  assert.ok(cost.peakRssBytes > 50e6)
})

test('keys go in and come out exactly, more than a vector holds', async () => {
  const keys = BigInt64Array.from({ length: 10_000 }, (_, at) => BigInt(at) << 32n)
  const back = await withSession(async (session) => {
    await session.run('CREATE TABLE k(k BIGINT)')
    await session.appendKeys('k', keys)
    return session.readKeys('SELECT k FROM k ORDER BY k')
  })
  assert.deepEqual(back, keys)
})

test('a session sees nothing of the one before, and only its own directory', async () => {
  const outside = join(root, 'outside.csv')
  writeFileSync(outside, 'a\n1\n')
  await withSession((session) => session.run('CREATE TABLE left_behind(x INT)'))
  await assert.rejects(
    withSession((session) => session.query('SELECT * FROM left_behind')),
    refuses('internal'),
  )
  for (const sql of [
    `SELECT * FROM read_csv('${outside}')`,
    `COPY (SELECT 1) TO '${outside}.parquet' (FORMAT parquet)`,
    "SELECT * FROM read_parquet('s3://bucket/key')",
    "SELECT * FROM read_parquet('https://localhost/x.parquet')",
    'LOAD httpfs',
    'SET threads=4',
    'SET enable_external_access=true',
    "SELECT getenv('HOME')",
  ]) {
    await assert.rejects(
      withSession((session) => session.query(sql)),
      sql,
    )
  }
  assert.equal(existsSync(`${outside}.parquet`), false)
})

test('two sessions at once spill into their own directories', async () => {
  const sort = (session: DuckDbSession) =>
    session.query(
      'SELECT sum(x) AS s FROM (SELECT x FROM (SELECT (hash(i) % 1000)::BIGINT AS x, repeat(hash(i)::VARCHAR, 10) AS pad FROM range(1500000) r(i)) ORDER BY pad)',
    )
  const directories: string[] = []
  const run = () =>
    withSession((session, directory) => {
      directories.push(directory)
      return sort(session)
    })
  const [one, two] = await Promise.all([run(), run()])
  assert.deepEqual(one, two)
  assert.deepEqual(readdirSync(join(directories[0] ?? '', 'spill')), [])
})

test('time zone, threads and hive detection do not depend on the machine', async () => {
  const [row] = await withSession((session) =>
    session.query(
      "SELECT current_setting('TimeZone') AS zone, current_setting('threads') AS threads, current_setting('memory_limit') AS memory",
    ),
  )
  assert.deepEqual(row, { zone: 'UTC', threads: 1n, memory: '512.0 MiB' })
})

test('an aborted statement is interrupted and its reason thrown; the pool goes on', async () => {
  const stop = new AbortController()
  const reason = new Error('cancelled by a test')
  const running = withSession((session) => {
    queueMicrotask(() => stop.abort(reason))
    return session.query('SELECT count(*) FROM range(100000000000) a')
  }, stop.signal)
  await assert.rejects(running, reason)
  assert.deepEqual(await withSession((session) => session.query('SELECT 1 AS one')), [{ one: 1 }])
})

test('a child that is killed fails its task as unavailable and is replaced', async () => {
  const killed = withSession(async (session) => {
    const [row] = await session.query('SELECT 1')
    assert.ok(row)
    await pool.close()
    return session.query('SELECT 2')
  })
  await assert.rejects(killed, refuses('unavailable'))
  await assert.rejects(
    withSession((session) => session.query('SELECT 1')),
    /closed/,
  )
  pool = new DuckDbPool({ clock: systemClock, size: 2, tasksPerChild: 3, graceMs: 1000 })
})
