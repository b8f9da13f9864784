import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { endingPostgres } from '@moraine/testkit/ending-postgres'
import { jdbcText } from './jdbc-database.ts'
import { openPostgresDatabase } from './postgres-database.ts'

test('a connection that the server ends before its first statement fails that statement, not the process', async () => {
  const server = await endingPostgres()
  const place = { dialect: 'postgresql', host: '127.0.0.1', port: server.port, database: 'lab', tls: 'off' } as const
  const database = openPostgresDatabase(place)
  await assert.rejects(database.query(jdbcText('select 1')), (error) => isKind(error, 'unavailable'))
  await database.close()
  await server.close()
})
