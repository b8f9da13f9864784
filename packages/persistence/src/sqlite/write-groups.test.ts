import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteGroups } from './write-groups.ts'

/** A database that only notes what it is told, and fails where it is asked to. */
function setUp({ failing }: { readonly failing?: string } = {}) {
  const said: string[] = []
  const turns: (() => void)[] = []
  let saved = 0
  const db = {
    isTransaction: false,
    exec(sql: string) {
      if (sql === failing) throw new Error(`${sql} failed`)
      if (/^(RELEASE|ROLLBACK TO)/.test(sql) && saved-- === 0) throw new Error('no such savepoint')
      if (sql.startsWith('SAVEPOINT')) saved += 1
      said.push(sql)
      if (sql === 'BEGIN') db.isTransaction = true
      if (sql === 'COMMIT' || sql === 'ROLLBACK') [db.isTransaction, saved] = [false, 0]
    },
  }
  const groups = new WriteGroups(db, (flush) => turns.push(flush))
  const endTurn = () => {
    for (const flush of turns.splice(0)) flush()
  }
  /** Turns in which nothing comes. */
  const rest = () => {
    while (turns.length > 0) endTurn()
  }
  const statement = (name: string) => () => {
    said.push(name)
    return name
  }
  /** SQLite has taken everything back. */
  const broken = (name: string) => () => {
    db.isTransaction = false
    saved = 0
    throw new Error(`${name} broke the transaction`)
  }
  return { db, groups, said, endTurn, rest, statement, broken }
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
  const { groups, said, rest, statement } = setUp()
  const writes = [groups.run(statement('a'), 'write'), groups.run(statement('b'), 'write')]
  const read = groups.run(statement('r'), 'read')
  assert.deepEqual(await settled([...writes, read]), ['waits', 'waits', 'waits'])
  rest()
  assert.deepEqual(await settled([...writes, read]), ['a', 'b', 'r'])
  assert.deepEqual(said, ['BEGIN', 'a', 'b', 'r', 'COMMIT'])
  assert.deepEqual(await settled([groups.run(statement('alone'), 'read')]), ['alone'])
  assert.deepEqual(said.slice(5), ['alone'])
})

test('a group stays open for another turn as long as somebody comes, but not for ever', async () => {
  const { groups, said, endTurn, statement } = setUp()
  const [quiet, busy] = [groups.run(statement('a'), 'write'), [] as Promise<string>[]]
  endTurn()
  assert.deepEqual(await settled([quiet]), ['waits'])
  endTurn()
  assert.deepEqual(await settled([quiet]), ['a'])
  const names = Array.from({ length: 16 }, (_, at) => `b${at}`)
  for (const name of names) {
    busy.push(groups.run(statement(name), 'write'))
    endTurn()
  }
  assert.deepEqual(await settled(busy), names)
  assert.deepEqual(said, ['BEGIN', 'a', 'COMMIT', 'BEGIN', ...names, 'COMMIT'])
})

test('transactions share the group one after another, and one that is rolled back is alone in that', async () => {
  const { groups, said, rest, statement } = setUp()
  const first = await groups.begin()
  const waiting = groups.run(statement('other'), 'write')
  groups.inside(first, statement('a'))
  const committed = groups.commit(first)
  await settled([waiting])
  const second = await groups.begin()
  groups.inside(second, statement('b'))
  const rolledBack = groups.rollback(second)
  assert.deepEqual(await settled([committed, waiting]), ['waits', 'waits'])
  rest()
  assert.deepEqual(await settled([committed, waiting, rolledBack]), ['done', 'other', 'done'])
  assert.deepEqual(said, [
    'BEGIN',
    ...['SAVEPOINT one', 'a', 'RELEASE one', 'other'],
    ...['SAVEPOINT one', 'b', 'ROLLBACK TO one; RELEASE one'],
    'COMMIT',
  ])
})

test('a turn that ends during a transaction is made good at its end, before the next begins', async () => {
  const { groups, said, rest, statement } = setUp()
  const first = await groups.begin()
  rest()
  const next = groups.begin()
  groups.inside(first, statement('a'))
  await groups.commit(first)
  await next
  assert.deepEqual(said, ['BEGIN', 'SAVEPOINT one', 'a', 'RELEASE one', 'COMMIT', 'BEGIN', 'SAVEPOINT one'])
})

test('a group that cannot be committed has failed for all in it, and the next goes on', async () => {
  const { groups, db, rest, statement } = setUp({ failing: 'COMMIT' })
  const all = [groups.run(statement('a'), 'write'), groups.run(statement('r'), 'read')]
  await settled(all)
  rest()
  assert.deepEqual(await settled(all), ['COMMIT failed', 'COMMIT failed'])
  assert.equal(db.isTransaction, false)
  const next = groups.run(statement('b'), 'read')
  assert.deepEqual(await settled([next]), ['b'])
})

test('a statement that fails by itself fails alone', async () => {
  const { groups, rest, statement } = setUp()
  const good = groups.run(statement('a'), 'write')
  const bad = groups.run(() => {
    throw new Error('constraint')
  }, 'write')
  assert.deepEqual(await settled([good, bad]), ['waits', 'waits'])
  rest()
  assert.deepEqual(await settled([good, bad]), ['a', 'constraint'])
})

test('whoever committed to a group that fails rolls nothing of others back', async () => {
  const { groups, said, rest, statement } = setUp({ failing: 'COMMIT' })
  const first = await groups.begin()
  groups.inside(first, statement('a'))
  const committed = groups.commit(first)
  await settled([committed])
  rest()
  await assert.rejects(committed, /COMMIT failed/)
  const second = await groups.begin()
  await groups.rollback(first)
  groups.inside(second, statement('b'))
  await settled([groups.commit(second)])
  assert.deepEqual(said.slice(-4), ['BEGIN', 'SAVEPOINT one', 'b', 'RELEASE one'])
})

test('a statement that ends the whole transaction fails all of the group, and nothing runs outside of one', async () => {
  const { groups, said, rest, statement, broken } = setUp()
  const before = groups.run(statement('a'), 'write')
  await settled([before])
  const transaction = await groups.begin()
  assert.throws(() => groups.inside(transaction, broken('b')), /b broke the transaction/)
  assert.throws(() => groups.inside(transaction, statement('c')), /b broke the transaction/)
  await assert.rejects(groups.commit(transaction), /b broke the transaction/)
  await groups.rollback(transaction)
  assert.deepEqual(await settled([before]), ['b broke the transaction'])
  assert.deepEqual(said, ['BEGIN', 'a', 'SAVEPOINT one'])
  const next = groups.run(statement('d'), 'write')
  await settled([next])
  rest()
  assert.deepEqual(await settled([next]), ['d'])
})
