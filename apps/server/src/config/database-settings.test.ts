import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { databaseSettings } from './database-settings.ts'
import { resolveConfig } from './read-config.ts'

function settingsOf(entries: Readonly<Record<string, string>>) {
  const written = Object.entries(entries).map(([key, text]) => [`database.${key}`, { text, source: 'test' }] as const)
  const { values, warnings } = resolveConfig(new Map(written))
  assert.deepEqual(warnings, [])
  return databaseSettings(values)
}

const URL = 'jdbc:postgresql://db:5433/moraine'

test('without settings the state is in a file', () => {
  assert.deepEqual(settingsOf({}), { engine: 'sqlite' })
})

test("Amoro's keys name a server; user and password of their own win over those of the address", () => {
  const settings = settingsOf({
    type: 'postgres',
    url: 'postgres://one:1@db:5433/moraine?sslrootcert=/ca.pem',
    username: 'two',
    password: '2',
    'auto-create-tables': 'false',
    'connection-pool-max-total': '9',
    'connection-pool-max-idle': '3',
    'connection-pool-max-wait-millis': '1000',
    'connect-timeout': '2s',
    'statement-timeout': '1min',
  })
  assert.deepEqual(settings, {
    engine: 'postgres',
    rootCertificatePath: '/ca.pem',
    server: {
      host: 'db',
      port: 5433,
      database: 'moraine',
      user: 'two',
      password: '2',
      tls: 'off',
      createsTables: false,
      connectionsMax: 9,
      idleMax: 3,
      waitMs: 1000,
      connectMs: 2000,
      statementMs: 60_000,
    },
  })
  const named = settingsOf({ type: 'postgres', url: 'postgres://one:1@db/moraine' })
  assert.ok(named.engine === 'postgres')
  assert.deepEqual([named.server.user, named.server.password], ['one', '1'])
})

test('what a server needs is asked for', () => {
  const refused = (entries: Readonly<Record<string, string>>, key: string) =>
    assert.throws(
      () => settingsOf(entries),
      (error) => isKind(error, 'invalid-input') && error.message.includes(key),
    )
  refused({ type: 'mysql' }, 'database.url')
  refused({ type: 'postgres', url: URL }, 'database.username')
  refused({ type: 'mysql', url: URL, username: 'u' }, 'jdbc:mysql://')
  refused({ type: 'derby' }, 'database.type')
})
