import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TableId } from '@moraine/lifecycle/identity'
import { isKind } from '@moraine/stdx/error'
import { openSqlite } from './open-sqlite.ts'

const WRITER = fileURLToPath(new URL('../testing/write-forever.ts', import.meta.url))

function startWriter(path: string): ChildProcess {
  return spawn(process.execPath, ['--conditions=development', WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The last number the writer announced before it was killed, at least `commits` after its start. */
async function killAfter(writer: ChildProcess, commits: number): Promise<number> {
  assert.ok(writer.stdout)
  let last = 0
  let seen = 0
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Number(line)
    seen += 1
    if (seen === commits) writer.kill('SIGKILL')
  }
  return last
}

test('no acknowledged commit is lost and none is torn when the writer is killed, again and again', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-durability-'))
  const path = join(directory, 'moraine.db')
  for (let round = 0; round < 5; round += 1) {
    const acknowledged = await killAfter(startWriter(path), 20 + 7 * round)
    const { stores, close } = await openSqlite(path)
    const table = await stores.tables.findTable(1 as TableId)
    const written = table?.plannedAt ?? 0
    assert.ok(written >= acknowledged && written <= acknowledged + 1, `${written} against ${acknowledged}`)
    const clocks = await stores.tables.listClocks(1 as TableId)
    assert.equal(Math.max(...[...clocks.values()].map(({ minor }) => minor)), written)
    await close()
  }
  rmSync(directory, { recursive: true, force: true })
})

test('a second server on the same file is refused while the first lives, and no longer', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-durability-'))
  const path = join(directory, 'moraine.db')
  const writer = startWriter(path)
  assert.ok(writer.stdout)
  await once(writer.stdout, 'data')
  await assert.rejects(openSqlite(path), (error) => isKind(error, 'conflict') && /another process/.test(error.message))
  writer.kill('SIGKILL')
  await once(writer, 'exit')
  await (await openSqlite(path)).close()
  rmSync(directory, { recursive: true, force: true })
})
