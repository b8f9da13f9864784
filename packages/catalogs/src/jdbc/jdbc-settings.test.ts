import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoraineError } from '@moraine/stdx/error'
import { jdbcSettings } from './jdbc-settings.ts'

const settingsOf = (uri: string, more: Readonly<Record<string, string>> = {}) =>
  jdbcSettings({ uri, warehouse: 's3://b/wh', ...more })

const serverOf = (uri: string, more?: Readonly<Record<string, string>>) => settingsOf(uri, more).server

test('addresses of Java and of Python lead to the same place', () => {
  const lake = { dialect: 'postgresql', host: 'db', port: 5432, database: 'lake', tls: 'off' }
  assert.deepEqual(serverOf('jdbc:postgresql://db/lake'), lake)
  assert.deepEqual(serverOf('postgres://db:5432/lake'), lake)
  assert.deepEqual(serverOf('postgresql+psycopg2://me:a%40b@db/lake'), { ...lake, user: 'me', password: 'a@b' })
  assert.deepEqual(serverOf('jdbc:postgresql:lake'), { ...lake, host: 'localhost' })
  assert.deepEqual(serverOf('jdbc:postgresql://[::1]:7/lake'), { ...lake, host: '::1', port: 7 })
  const mysql = { ...lake, dialect: 'mysql', port: 3306 }
  for (const scheme of ['jdbc:mysql', 'mysql', 'jdbc:mariadb', 'mysql+pymysql']) {
    assert.deepEqual(serverOf(`${scheme}://db/lake`), mysql)
  }
  for (const uri of ['jdbc:sqlite:/data/c.db', 'sqlite:////data/c.db', 'jdbc:sqlite:/data/c.db?busy_timeout=9']) {
    assert.deepEqual(serverOf(uri), { dialect: 'sqlite', path: '/data/c.db' })
  }
  const existing = settingsOf('jdbc:sqlite:/data/c.db', { 'jdbc.init-catalog-tables': 'false' })
  assert.deepEqual(existing.server, { dialect: 'sqlite', path: '/data/c.db', mustExist: true })
  assert.deepEqual(serverOf('sqlite:///:memory:'), { dialect: 'sqlite', path: ':memory:' })
})

test('properties beat the address, and parameters its beginning', () => {
  const uri = 'jdbc:postgresql://one:1@db/lake?user=two&password=2&currentSchema=ice'
  const address = { dialect: 'postgresql', host: 'db', port: 5432, database: 'lake', searchPath: 'ice', tls: 'off' }
  assert.deepEqual(serverOf(uri), { ...address, user: 'two', password: '2' })
  const named = serverOf(uri, { 'jdbc.user': 'three', 'jdbc.password': '3' })
  assert.deepEqual(named, { ...address, user: 'three', password: '3' })
})

test('TLS is what was asked for', () => {
  const tlsOf = (parameters: string, more?: Readonly<Record<string, string>>) => {
    const server = serverOf(`jdbc:mysql://db/lake${parameters}`, more)
    return server.dialect === 'sqlite' ? undefined : server.tls
  }
  assert.equal(tlsOf(''), 'off')
  assert.equal(tlsOf('?sslmode=require'), 'unverified')
  assert.equal(tlsOf('?sslMode=VERIFY_IDENTITY'), 'verified')
  assert.equal(tlsOf('?sslmode=verify-full'), 'verified')
  assert.equal(tlsOf('?useSSL=true'), 'verified')
  assert.equal(tlsOf('?requireSSL=true'), 'verified')
  assert.equal(tlsOf('?useSSL=true&verifyServerCertificate=false'), 'unverified')
  assert.equal(tlsOf('?useSSL=true', { 'jdbc.verifyServerCertificate': 'false' }), 'unverified')
  assert.equal(tlsOf('', { 'jdbc.ssl': 'true' }), 'verified')
  assert.throws(() => tlsOf('?sslmode=perhaps'), /"perhaps"/)
})

test('defaults are those of the reference implementation', () => {
  const { schemaVersion, isStrict, createsTables } = settingsOf('jdbc:sqlite:/c.db')
  assert.deepEqual([schemaVersion, isStrict, createsTables], ['V0', false, true])
  assert.equal(settingsOf('jdbc:sqlite:/c.db', { 'jdbc.schema-version': 'v1' }).schemaVersion, 'V1')
})

test('what makes no sense is refused without showing the address', () => {
  const wrong = [
    'jdbc:oracle://me:secret@db/lake',
    'jdbc:postgresql://me:secret@db',
    'jdbc:postgresql://me:sec:ret@secret@db:x/lake',
    'jdbc:postgresql://me:secret@a:1,b:2/lake',
    'jdbc:mysql://me:secret%zz@db/lake',
    'jdbc:sqlite:',
    'jdbc:sqlite:file:/x?secret',
    '',
  ]
  for (const uri of wrong) {
    assert.throws(
      () => settingsOf(uri),
      (error) => error instanceof MoraineError && error.cause === undefined && !error.message.includes('secret'),
      uri,
    )
  }
  assert.throws(() => jdbcSettings({ uri: 'jdbc:sqlite:/c.db' }), /warehouse/)
  assert.throws(() => settingsOf('jdbc:sqlite:/c.db', { 'jdbc.strict-mode': 'yes' }), /jdbc\.strict-mode is "yes"/)
})
