import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { directoryChanges, directoryState, NO_CHANGES, restoreDirectory } from './directory-state.ts'

test('what came, changed and went is told, and undone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-state-'))
  try {
    mkdirSync(join(directory, 'a'))
    for (const name of ['a/kept', 'a/changed', 'gone']) writeFileSync(join(directory, name), 'before')
    const before = directoryState(directory)
    assert.deepEqual(directoryChanges(before, directoryState(directory)), NO_CHANGES)

    writeFileSync(join(directory, 'a/changed'), 'afterw')
    writeFileSync(join(directory, 'a/.hidden'), '')
    rmSync(join(directory, 'gone'))
    assert.deepEqual(directoryChanges(before, directoryState(directory)), {
      added: ['a/.hidden'],
      changed: ['a/changed'],
      removed: ['gone'],
    })

    restoreDirectory(directory, before)
    assert.deepEqual(directoryChanges(before, directoryState(directory)), NO_CHANGES)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
