import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCli } from '../testing/run-cli.ts'

// A service that finds no place, for its data or for its ports, says in one sentence which option gives it another.

const root = mkdtempSync(join(tmpdir(), 'moraine-place-'))
const taken = createServer().listen(0, '127.0.0.1')
await once(taken, 'listening')
const { port } = taken.address() as AddressInfo
chmodSync(root, 0o755)
after(() => {
  taken.close()
  rmSync(root, { recursive: true, force: true })
})

// To root every file is open.
const asNobody = process.getuid?.() === 0 ? { uid: 65_534 } : {}

async function refused(args: readonly string[], options: { readonly uid?: number } = {}) {
  const { code, out, err } = await runCli(args, options)
  assert.equal(out, '')
  assert.equal(err.trimEnd().split('\n').length, 1, err)
  return { code, err }
}

for (const command of ['serve', 'start']) {
  const at = (name: string) => ['--data-dir', join(root, `${command}-${name}`)]

  test(`${command}: a port that is taken, with the option that chooses another`, async () => {
    const http = await refused([command, '--port', String(port), '--thrift-port', '0', ...at('http')])
    assert.match(http.err, new RegExp(`port ${port} of 127.0.0.1 is taken; choose another with --port `))
    const thrift = await refused([command, '--port', '0', '--thrift-port', String(port), ...at('thrift')])
    assert.match(thrift.err, new RegExp(`port ${port} of 127.0.0.1 is taken; choose another with --thrift-port `))
    assert.deepEqual([http.code, thrift.code], [1, 1])
  })

  test(`${command}: a data directory that may not be made, or not be written`, async () => {
    const closed = join(root, `${command}-closed`)
    mkdirSync(join(closed, 'inner'), { recursive: true })
    for (const directory of [join(closed, 'inner'), closed]) chmodSync(directory, 0o555)
    for (const dataDir of [join(closed, 'new'), join(closed, 'inner')]) {
      const { code, err } = await refused([command, '--data-dir', dataDir], asNobody)
      assert.equal(code, 4)
      assert.match(
        err,
        /the data directory .* has no permission for .*; give it that, or choose another with --data-dir/,
      )
      assert.ok(err.includes(dataDir), err)
    }
    // What may not be written cannot be removed either.
    for (const directory of [closed, join(closed, 'inner')]) chmodSync(directory, 0o755)
  })

  test(`${command}: a database that may not be opened`, async () => {
    const dataDir = join(root, `${command}-database`)
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o777)
    const database = join(dataDir, 'moraine.db')
    writeFileSync(database, '')
    chmodSync(database, 0o400)
    const { code, err } = await refused([command, '--data-dir', dataDir], asNobody)
    assert.equal(code, 4)
    assert.match(err, /has no permission for .*moraine\.db; give it that, or choose another with --data-dir/)
  })

  test(`${command}: a file in the way, and a place where nothing can be made`, async () => {
    const file = join(root, `${command}-file`)
    writeFileSync(file, '')
    const below = await refused([command, '--data-dir', join(file, 'below')])
    assert.equal(below.code, 2)
    assert.match(below.err, /file is in the way: it is a file; choose another with --data-dir/)
    if (!existsSync('/proc/self')) return
    const nowhere = await refused([command, '--data-dir', '/proc/moraine/data'])
    assert.equal(nowhere.code, 2)
    assert.match(nowhere.err, /\/proc\/moraine\/data cannot be used: .*; choose another with --data-dir/)
  })
}
