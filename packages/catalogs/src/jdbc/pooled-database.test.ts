import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind, isOutcomeUnknown, MoraineError } from '@moraine/stdx/error'
import { jdbcText } from './jdbc-database.ts'
import { pooledDatabase } from './pooled-database.ts'

/** A pool whose statements fail as `failing` says, and what was done with its connections. */
function open(failing: (sql: string, connection: number) => 'dead' | 'refused' | undefined) {
  const log: string[] = []
  let connections = 0
  const database = pooledDatabase({
    dialect: 'postgresql',
    place: 'postgresql://db',
    async connect() {
      connections += 1
      const connection = connections
      const send = async (sql: string) => {
        log.push(`${connection} ${sql}`)
        const failure = failing(sql, connection)
        if (failure !== undefined) throw new Error(failure)
      }
      return {
        query: async ({ sql }) => {
          await send(sql)
          return [{ from: String(connection) }]
        },
        execute: async ({ sql }) => {
          await send(sql)
          return 1
        },
        release: (isUsable) => log.push(`${connection} ${isUsable ? 'kept' : 'ended'}`),
      }
    },
    failure: (error) => new MoraineError(/dead/.test(String(error)) ? 'unavailable' : 'conflict', String(error)),
    close: async () => {},
  })
  return { database, log }
}

const READ = jdbcText('READ')
const WRITE = jdbcText('WRITE')

test('a read goes on over a connection that lives, and gives up if there is none', async () => {
  const { database, log } = open((_, connection) => (connection < 3 ? 'dead' : undefined))
  assert.deepEqual(await database.query(READ), [{ from: '3' }])
  assert.deepEqual(log, ['1 READ', '1 ended', '2 READ', '2 ended', '3 READ', '3 kept'])
  await assert.rejects(open(() => 'dead').database.query(READ), (error) => isKind(error, 'unavailable'))
})

test('a change is sent once, and its connection ended if it is not known what became of it', async () => {
  const lost = open(() => 'dead')
  await assert.rejects(lost.database.execute(WRITE), isOutcomeUnknown)
  assert.deepEqual(lost.log, ['1 WRITE', '1 ended'])
  const refused = open(() => 'refused')
  await assert.rejects(refused.database.execute(WRITE), (error) => isKind(error, 'conflict'))
  assert.deepEqual(refused.log, ['1 WRITE', '1 kept'])
})

test('a transaction is made, or undone with the reason that it had', async () => {
  const made = open(() => undefined)
  assert.equal(await made.database.transaction(({ execute }) => execute(WRITE)), 1)
  assert.deepEqual(made.log, ['1 START TRANSACTION', '1 WRITE', '1 COMMIT', '1 kept'])

  const undone = open((sql) => (sql === 'WRITE' ? 'refused' : undefined))
  const attempt = undone.database.transaction(({ execute }) => execute(WRITE))
  await assert.rejects(attempt, (error) => isKind(error, 'conflict'))
  assert.deepEqual(undone.log, ['1 START TRANSACTION', '1 WRITE', '1 ROLLBACK', '1 kept'])

  const dropped = open((sql) => (sql === 'ROLLBACK' ? 'dead' : undefined))
  const given = new Error('of the caller')
  await assert.rejects(
    dropped.database.transaction(() => Promise.reject(given)),
    (error) => error === given,
  )
  assert.deepEqual(dropped.log, ['1 START TRANSACTION', '1 ROLLBACK', '1 ended'])
})

test('a commit whose answer is lost is not known to be one, and its connection is ended', async () => {
  const { database, log } = open((sql) => (sql === 'COMMIT' ? 'dead' : undefined))
  await assert.rejects(
    database.transaction(({ execute }) => execute(WRITE)),
    isOutcomeUnknown,
  )
  assert.deepEqual(log, ['1 START TRANSACTION', '1 WRITE', '1 COMMIT', '1 ended'])
})
