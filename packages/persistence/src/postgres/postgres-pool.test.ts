import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endingPostgres } from '@moraine/testkit/ending-postgres'
import { postgresPool } from './postgres-pool.ts'

test('a connection that the server ends before its first statement fails that statement, not the process', async () => {
  const server = await endingPostgres()
  const pool = postgresPool({ ...SETTINGS, port: server.port })
  const connection = await pool.connect()
  await assert.rejects(connection.send('select 1', []), /not queryable/)
  connection.release(false)
  await pool.close()
  await server.close()
})

const SETTINGS = {
  host: '127.0.0.1',
  database: 'lab',
  user: 'lab',
  password: '',
  tls: 'off',
  createsTables: false,
  connectionsMax: 1,
  idleMax: 1,
  waitMs: 1000,
  connectMs: 1000,
  statementMs: 1000,
} as const
