import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { parseServerUrl } from './server-url.ts'

const PLAIN = { host: 'db', port: 5432, database: 'moraine', user: '', password: '', tls: 'off' } as const

test('addresses are read as JDBC and as the clients of the engines write them', () => {
  assert.deepEqual(parseServerUrl('postgres', 'jdbc:postgresql://db/moraine'), PLAIN)
  assert.deepEqual(parseServerUrl('postgres', ' postgres://db:5432/moraine '), PLAIN)
  const full =
    'postgresql://me:a%40b@[::1]:7/m%20x?currentSchema=s%201&sslmode=verify-full&sslrootcert=/ca.pem&connectTimeout=9'
  assert.deepEqual(parseServerUrl('postgres', full), {
    host: '::1',
    port: 7,
    database: 'm x',
    user: 'me',
    password: 'a@b',
    tls: 'verified',
    schema: 's 1',
    rootCertificatePath: '/ca.pem',
  })
  const mysql = 'jdbc:mysql://db:3307/moraine?useUnicode=true&characterEncoding=UTF8&user=you&password=p'
  assert.deepEqual(parseServerUrl('mysql', mysql), { ...PLAIN, port: 3307, user: 'you', password: 'p' })
  assert.equal(parseServerUrl('mysql', 'jdbc:mariadb://db/moraine').port, 3306)
})

test('what an address says of TLS is read as the drivers mean it', () => {
  const tls = (parameters: string) => parseServerUrl('mysql', `jdbc:mysql://db/m?${parameters}`).tls
  assert.equal(tls('useSSL=true'), 'verified')
  assert.equal(tls('requireSSL=true&verifyServerCertificate=false'), 'unverified')
  assert.equal(tls('sslMode=PREFERRED'), 'off')
})

test('what is no address of the engine is refused, and never shown', () => {
  const wrong = [
    'jdbc:oracle://me:secret@db/x',
    'jdbc:mysql://me:secret@db/x',
    'jdbc:postgresql:secret',
    'postgres://me:secret@db',
    'postgres://me:secret@db/a/b',
    'postgres://me:se cret@db:port/x',
    'postgres://me:secret%zz@db/x',
    'postgres://me:secret@a:1,b:2/x',
    'postgres://me:secret@db/x?sslmode=perhaps',
    'secret',
  ]
  for (const url of wrong) {
    assert.throws(
      () => parseServerUrl('postgres', url),
      (error) =>
        isKind(error, 'invalid-input') &&
        /^setting database\.url: /.test(error.message) &&
        !/secret/.test(error.message),
      url,
    )
  }
})
