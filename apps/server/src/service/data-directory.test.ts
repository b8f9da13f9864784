import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { prepareDataDirectory } from './data-directory.ts'

const root = mkdtempSync(join(tmpdir(), 'moraine-data-'))
const at = (...names: readonly string[]) => join(root, ...names)
after(() => rmSync(root, { recursive: true }))

test('what is missing is made, and what is there is taken', async () => {
  assert.equal(await prepareDataDirectory(at('a', 'b', 'c')), at('a', 'b', 'c', 'moraine.db'))
  assert.ok(existsSync(at('a', 'b', 'c')))
  assert.equal(await prepareDataDirectory(at('a', 'b', 'c')), at('a', 'b', 'c', 'moraine.db'))
})

test('what is in the way is named, with the option that leads around it', async () => {
  writeFileSync(at('file'), '')
  mkdirSync(at('odd', 'moraine.db'), { recursive: true })
  const cases: readonly [string, string][] = [
    [at('file'), `${at('file')} is in the way: it is a file`],
    [at('file', 'below', 'it'), `${at('file')} is in the way: it is a file`],
    [at('odd'), `${at('odd', 'moraine.db')} is in the way: it is a directory`],
  ]
  for (const [dataDir, why] of cases) {
    await assert.rejects(prepareDataDirectory(dataDir), {
      kind: 'invalid-input',
      message: `the data directory ${dataDir} cannot be used: ${why}; choose another with --data-dir`,
    })
  }
})

test('a name that is too long is said to be', async () => {
  await assert.rejects(prepareDataDirectory(at('x'.repeat(300))), /making the data directory .*ENAMETOOLONG/)
})

test('where nothing can be made it does not try for ever', { skip: !existsSync('/proc/self') }, async () => {
  await assert.rejects(prepareDataDirectory('/proc/moraine/data'), /\/proc\/moraine.*choose another with --data-dir/)
})
