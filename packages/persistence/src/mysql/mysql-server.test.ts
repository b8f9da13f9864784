import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { mysqlServer } from './mysql-server.ts'

test('versions are told apart, and each has an exact collation', () => {
  const mysql = { isMariaDb: false, collation: 'utf8mb4_0900_bin' }
  for (const version of ['8.0.17', '8.4.3-log', '9.1.0', '8.0.36-0ubuntu0.22.04.1'])
    assert.deepEqual(mysqlServer(version), mysql)
  const mariadb = { isMariaDb: true, collation: 'utf8mb4_nopad_bin' }
  for (const version of ['10.6.0-MariaDB', '11.4.5-MariaDB-log', '5.5.5-10.11.6-MariaDB'])
    assert.deepEqual(mysqlServer(version), mariadb)
})

test('a version that lacks what is needed is refused with the one that has it', () => {
  for (const [version, needed] of [
    ['5.7.44', 'at least 8.0.17'],
    ['8.0.16', 'at least 8.0.17'],
    ['10.5.27-MariaDB', 'at least 10.6.0'],
    ['', 'at least 8.0.17'],
  ] as const)
    assert.throws(
      () => mysqlServer(version),
      (error) => isKind(error, 'unsupported') && error.message.includes(needed),
    )
})
