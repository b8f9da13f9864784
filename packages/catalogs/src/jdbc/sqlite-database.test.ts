import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { openJdbcCatalog } from './jdbc-catalog.ts'
import { jdbcText } from './jdbc-database.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

const folder = mkdtempSync(join(tmpdir(), 'moraine-sqlite-'))
after(() => rmSync(folder, { recursive: true }))
const random = { bytes: () => assert.fail('nothing is random here') }

test('a file that must exist is not made, whatever its name has in it', async () => {
  for (const name of ['absent.db', 'absent #?%41.db', join('no-folder', 'absent.db')]) {
    const path = join(folder, name)
    assert.throws(
      () => openSqliteDatabase(path, systemClock, { mustExist: true }),
      (error) => isKind(error, 'not-found') && error.message.startsWith(`there is no SQLite file ${path}, or`),
    )
    assert.equal(existsSync(path), false)
  }
})

test('a file that is there is opened and written', async () => {
  const path = join(folder, 'there #?%41.db')
  writeFileSync(path, '')
  const database = openSqliteDatabase(path, systemClock, { mustExist: true })
  await database.execute(jdbcText('CREATE TABLE t (a)'))
  assert.deepEqual(await database.query(jdbcText('SELECT * FROM t')), [])
  await database.close()
})

test('looking at a catalog makes no file; using it does', async () => {
  const path = join(folder, 'catalog.db')
  const open = (creates: string) =>
    openJdbcCatalog({
      name: 'lake',
      properties: { uri: `jdbc:sqlite:${path}`, warehouse: 's3://b/wh', 'jdbc.init-catalog-tables': creates },
      io: memoryFileIO(),
      clock: systemClock,
      random,
      onLeftover: assert.fail,
    })
  await assert.rejects(open('false'), /looking at a catalog makes none/)
  assert.equal(existsSync(path), false)
  await (await open('true')).close()
  await (await open('false')).close()
})
