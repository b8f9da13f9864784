import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { makeWorkDirectory } from './work-directory.ts'

test('the directories of optimizers that are gone are removed, and nothing else', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'moraine-work-'))
  try {
    const host = hostname()
    const gone = `moraine-work-${host}-41-aaaaaa`
    const kept = [
      `moraine-work-${host}-42-bbbbbb`,
      `moraine-work-elsewhere.${host}-41-cccccc`,
      `moraine-work-dddddd`,
      'of-somebody-else',
    ]
    for (const name of [gone, ...kept]) {
      mkdirSync(join(parent, name))
      writeFileSync(join(parent, name, 'file'), '')
    }
    const made = await makeWorkDirectory(parent, (pid) => pid === 42)
    assert.deepEqual(readdirSync(parent).sort(), [basename(made), ...kept].sort())
    // The next one sees that this process lives.
    await makeWorkDirectory(parent)
    assert.ok(readdirSync(parent).includes(basename(made)))
  } finally {
    rmSync(parent, { recursive: true })
  }
})
