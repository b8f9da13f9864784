import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteGroups } from './write-groups.ts'

/** A database that only notes what it is told, and fails where it is asked to. */
function setUp({ failing }: { readonly failing?: string } = {}) {
  const said: string[] = []
  const turns: (() => void)[] = []
  const db = {
    isTransaction: false,
    exec(sql: string) {
      if (sql === failing) throw new Error(`${sql} failed`)
      said.push(sql)
      if (sql === 'BEGIN') db.isTransaction = true
      if (sql === 'COMMIT' || sql === 'ROLLBACK') db.isTransaction = false
    },
  }
  const groups = new WriteGroups(db, (flush) => turns.push(flush))
  const endTurn = () => {
    for (const flush of turns.splice(0)) flush()
  }
  const statement = (name: string) => () => {
    said.push(name)
    return name
  }
  /** SQLite has taken everything back. */
  const broken = (name: string) => () => {
    db.isTransaction = false
    throw new Error(`${name} broke the transaction`)
  }
  return { db, groups, said, endTurn, statement, broken }
}

/** What has come of each, once all that can run has run. */
async function settled(promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const states = promises.map(() => 'waits')
  for (const [at, promise] of promises.entries()) {
    promise.then(
      (value) => {
        states[at] = String(value ?? 'done')
      },
      (error: unknown) => {
        states[at] = error instanceof Error ? error.message : String(error)
      },
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  return states
}

test('what is written in one turn is committed once, and answered then', async () => {
  const { groups, said, endTurn, statement } = setUp()
  const writes = [groups.run(statement('a'), 'write'), groups.run(statement('b'), 'write')]
  const read = groups.run(statement('r'), 'read')
  assert.deepEqual(await settled([...writes, read]), ['waits', 'waits', 'waits'])
  endTurn()
  assert.deepEqual(await settled([...writes, read]), ['a', 'b', 'r'])
  assert.deepEqual(said, ['BEGIN', 'a', 'b', 'r', 'COMMIT'])
  assert.deepEqual(await settled([groups.run(statement('alone'), 'read')]), ['alone'])
  assert.deepEqual(said.slice(5), ['alone'])
})

test('transactions share the group one after another, and one that is rolled back is alone in that', async () => {
  const { groups, said, endTurn, statement } = setUp()
  await groups.begin()
  const waiting = groups.run(statement('other'), 'write')
  groups.inside(statement('a'))
  const committed = groups.commit()
  await settled([waiting])
  await groups.begin()
  groups.inside(statement('b'))
  groups.rollback()
  assert.deepEqual(await settled([committed, waiting]), ['waits', 'waits'])
  endTurn()
  assert.deepEqual(await settled([committed, waiting]), ['done', 'other'])
  assert.deepEqual(said, [
    'BEGIN',
    ...['SAVEPOINT one', 'a', 'RELEASE one', 'other'],
    ...['SAVEPOINT one', 'b', 'ROLLBACK TO one; RELEASE one'],
    'COMMIT',
  ])
})

test('a turn that ends during a transaction is made good at its end, before the next begins', async () => {
  const { groups, said, endTurn, statement } = setUp()
  await groups.begin()
  endTurn()
  const next = groups.begin()
  groups.inside(statement('a'))
  await groups.commit()
  await next
  assert.deepEqual(said, ['BEGIN', 'SAVEPOINT one', 'a', 'RELEASE one', 'COMMIT', 'BEGIN', 'SAVEPOINT one'])
})

test('a group that cannot be committed has failed for all in it, and the next goes on', async () => {
  const { groups, db, endTurn, statement } = setUp({ failing: 'COMMIT' })
  const all = [groups.run(statement('a'), 'write'), groups.run(statement('r'), 'read')]
  await settled(all)
  endTurn()
  assert.deepEqual(await settled(all), ['COMMIT failed', 'COMMIT failed'])
  assert.equal(db.isTransaction, false)
  const next = groups.run(statement('b'), 'read')
  assert.deepEqual(await settled([next]), ['b'])
})

test('a statement that fails by itself fails alone', async () => {
  const { groups, endTurn, statement } = setUp()
  const good = groups.run(statement('a'), 'write')
  const bad = groups.run(() => {
    throw new Error('constraint')
  }, 'write')
  await settled([good, bad])
  endTurn()
  assert.deepEqual(await settled([good, bad]), ['a', 'constraint'])
})

test('a statement that ends the whole transaction fails all of the group, and nothing runs outside of one', async () => {
  const { groups, said, endTurn, statement, broken } = setUp()
  const before = groups.run(statement('a'), 'write')
  await settled([before])
  await groups.begin()
  assert.throws(() => groups.inside(broken('b')), /b broke the transaction/)
  assert.throws(() => groups.inside(statement('c')), /b broke the transaction/)
  await assert.rejects(groups.commit(), /b broke the transaction/)
  groups.rollback()
  assert.deepEqual(await settled([before]), ['b broke the transaction'])
  assert.deepEqual(said, ['BEGIN', 'a', 'SAVEPOINT one'])
  const next = groups.run(statement('d'), 'write')
  await settled([next])
  endTurn()
  assert.deepEqual(await settled([next]), ['d'])
})
