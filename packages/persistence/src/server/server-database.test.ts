import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, type MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { POSTGRES_DIALECT } from '../postgres/postgres-dialect.ts'
import { type Trouble, troubleOf } from './database-failure.ts'
import { ServerDatabase } from './server-database.ts'
import type { ServerPool } from './server-pool.ts'

type Script = Record<string, readonly (Trouble | 'silence')[]>

/** A pool that notes what it is told, and fails at statements as often and as often as the script says. */
function setUp(script: Script = {}, { connectionsMax = 2, isStarting = false } = {}) {
  const clock = virtualClock()
  const said: string[] = []
  const left = new Map(Object.entries(script).map(([begin, troubles]) => [begin, [...troubles]]))
  const counts = { open: 0, made: 0, ended: 0, closed: 0 }
  const meet = async (sql: string) => {
    said.push(sql)
    const [, troubles] = [...left].find(([begin]) => sql.startsWith(begin)) ?? []
    const trouble = troubles?.shift()
    if (trouble === 'silence') return new Promise<never>(() => {})
    if (trouble !== undefined) throw Object.assign(new Error(`${trouble} at ${sql}`), { trouble })
    return { rows: [], numAffectedRows: 1n }
  }
  const pool: ServerPool = {
    place: 'db',
    begin: (level) => [`begin ${level}`],
    async connect() {
      await meet('connect')
      counts.open += 1
      counts.made += 1
      return {
        send: (sql) => meet(sql),
        release(isUsable) {
          counts.open -= 1
          if (!isUsable) counts.ended += 1
          said.push(isUsable ? 'release' : 'end')
        },
      }
    },
    explain(error) {
      const { trouble = 'refused', message } = error as { readonly trouble?: Trouble; readonly message: string }
      const kind = trouble === 'duplicate' ? 'conflict' : trouble === 'refused' ? 'permission' : 'unavailable'
      return { trouble, kind, text: message }
    },
    async close() {
      counts.closed += 1
    },
  }
  const settings = { connectionsMax, waitMs: 1000, connectMs: 500 }
  const options = { settings, isStarting, clock, random: seededRandom(1) }
  const db = new ServerDatabase(pool, POSTGRES_DIALECT, options)
  const write = (on: Pick<ServerDatabase, 'deleteFrom'> = db) => on.deleteFrom('task').execute()
  const read = () => db.selectFrom('task').select('task_id').execute()
  const transaction = () =>
    db
      .transaction()
      .setIsolationLevel('read committed')
      .execute((inside) => write(inside))
  return { clock, db, said, counts, write, read, transaction }
}

const times = (count: number, trouble: Trouble) => Array<Trouble>(count).fill(trouble)
const ends =
  (trouble: Trouble, kind: MoraineError['kind'] = 'unavailable') =>
  (error: unknown) => {
    assert.deepEqual([troubleOf(error), isKind(error, kind)], [trouble, true], String(error))
    return true
  }

test('a transaction that others were in the way of is made again as a whole', async () => {
  const { clock, said, transaction, counts } = setUp({ delete: ['in-the-way'], commit: ['in-the-way'] })
  await clock.run(transaction())
  const tries = said.filter((each) => each !== 'connect' && each !== 'release')
  const [begin, work] = ['begin read committed', 'delete from "task"']
  assert.deepEqual(tries, [begin, work, 'rollback', begin, work, 'commit', 'rollback', begin, work, 'commit'])
  assert.deepEqual(counts, { open: 0, made: 3, ended: 0, closed: 0 })
  assert.ok(clock.now() > 0)
})

test('transactions are serializable unless they ask for less', async () => {
  const { db, said, write } = setUp()
  await db.transaction().execute((inside) => write(inside))
  assert.equal(said[1], 'begin serializable')
})

test('what is always in the way, or always there, is told in the end', async () => {
  const busy = setUp({ delete: times(1000, 'in-the-way') })
  await assert.rejects(busy.clock.run(busy.transaction()), ends('in-the-way'))
  assert.ok(busy.clock.now() > 14_000 && busy.clock.now() < 17_000, String(busy.clock.now()))
  const taken = setUp({ delete: times(100, 'duplicate') })
  await assert.rejects(taken.clock.run(taken.transaction()), ends('duplicate', 'conflict'))
  assert.equal(taken.said.filter((each) => each.startsWith('delete')).length, 4)
})

test('a connection that is lost before the commit is replaced, and nobody hears of it', async () => {
  const { clock, said, transaction, counts } = setUp({ delete: ['lost'] })
  await clock.run(transaction())
  assert.deepEqual(said.slice(0, 5), ['connect', 'begin read committed', 'delete from "task"', 'end', 'connect'])
  assert.deepEqual(counts, { open: 0, made: 2, ended: 1, closed: 0 })
})

test('one that is lost at the commit leaves the outcome open, which is said and not tried again', async () => {
  const { clock, said, transaction, counts } = setUp({ commit: ['lost'] })
  await assert.rejects(
    clock.run(transaction()),
    (error) => ends('unknown')(error) && /may have been made/.test(String(error)),
  )
  assert.deepEqual(said, ['connect', 'begin read committed', 'delete from "task"', 'commit', 'end'])
  assert.deepEqual(counts, { open: 0, made: 1, ended: 1, closed: 0 })
})

test('so does a change outside of transactions, and a deadlock there does not', async () => {
  const lost = setUp({ delete: ['lost'] })
  await assert.rejects(lost.clock.run(lost.write()), ends('unknown'))
  assert.deepEqual(lost.said, ['connect', 'delete from "task"', 'end'])
  const busy = setUp({ delete: times(3, 'in-the-way') })
  await busy.clock.run(busy.write())
  assert.equal(busy.said.filter((each) => each.startsWith('delete')).length, 4)
})

test('reads are made again on another connection, and not for ever', async () => {
  const once = setUp({ select: ['lost'] })
  await once.clock.run(once.read())
  assert.deepEqual(once.said, [
    'connect',
    'select "task_id" from "task"',
    'end',
    'connect',
    'select "task_id" from "task"',
    'release',
  ])
  const always = setUp({ select: times(9, 'lost') })
  await assert.rejects(always.clock.run(always.read()), ends('lost'))
  assert.deepEqual([always.counts.open, always.counts.made], [0, 2])
})

test('without a database each call fails at once, and works again when there is one', async () => {
  const { clock, read, transaction, write, counts } = setUp({ connect: times(3, 'lost') })
  await assert.rejects(clock.run(read()), ends('no-connection'))
  await assert.rejects(clock.run(transaction()), ends('no-connection'))
  await assert.rejects(clock.run(write()), ends('no-connection'))
  assert.deepEqual([clock.now(), counts.made], [0, 0])
  await clock.run(transaction())
})

test('a server that does not answer is given up in time, and gives its place to others', async () => {
  const { clock, read } = setUp({ connect: ['silence'] }, { connectionsMax: 1 })
  await assert.rejects(clock.run(read()), ends('no-connection'))
  await clock.run(read())
})

test('who waits for a connection too long is told which setting to raise; others come in turn', async () => {
  const { clock, db, read } = setUp({}, { connectionsMax: 1 })
  const work = Promise.withResolvers<void>()
  const holding = db.connection().execute(() => work.promise)
  await assert.rejects(
    clock.run(read()),
    (error) => ends('no-connection')(error) && /connection-pool-max-total/.test(String(error)),
  )
  const next = Promise.all([read(), read()])
  work.resolve()
  await Promise.all([holding, next])
})

test('what is wrong with the settings is said at the start, and is none of the caller later', async () => {
  const script: Script = { connect: ['refused'], delete: ['refused'] }
  const starting = setUp(script, { isStarting: true })
  await assert.rejects(starting.write(), ends('no-connection', 'permission'))
  await assert.rejects(starting.write(), ends('refused', 'permission'))
  const serving = setUp(script)
  await assert.rejects(serving.write(), ends('no-connection', 'unavailable'))
  await assert.rejects(serving.write(), ends('refused', 'internal'))
})

test('a pool is closed once, whether or not it was used', async () => {
  const unused = setUp()
  await unused.db.destroy()
  assert.equal(unused.counts.closed, 1)
  const used = setUp()
  await used.read()
  await used.db.destroy()
  await used.db.destroy()
  assert.equal(used.counts.closed, 1)
})
