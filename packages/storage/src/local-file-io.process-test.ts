import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from './local-file-io.ts'
import { isTemporaryName } from './local-temporary.ts'

const io = localFileIO(systemRandom)

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-processes-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

/** A process that runs `body` with `io` and `root`; it says `ready` and goes on when it hears a line. */
function child(root: string, body: string): ChildProcess & { readonly output: Promise<string> } {
  const source = `
    import { localFileIO } from '@moraine/storage/local-file-io'
    import { systemRandom } from '@moraine/stdx/random'
    const io = localFileIO(systemRandom), root = ${JSON.stringify(root)}, bytes = (text) => new TextEncoder().encode(text)
    ${body}`
  const started = spawn(process.execPath, ['--conditions=development', '--input-type=module', '--eval', source], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const output = started.stdout
    .setEncoding('utf8')
    .toArray()
    .then((parts) => parts.join(''))
  return Object.assign(started, { output })
}

test('of racing processes exactly one creates each version', async (t) => {
  const root = await directoryFor(t)
  const racers = Array.from({ length: 4 }, (_, racer) =>
    child(
      root,
      `await new Promise((resolve) => process.stdin.once('data', resolve))
       const won = []
       for (let version = 0; version < 100; version += 1) {
         if (await io.write(root + '/v' + version, bytes('racer ${racer}'), { createOnly: true }) === 'written') won.push(version)
       }
       process.stdout.write(JSON.stringify(won))
       process.exit(0)`,
    ),
  )
  for (const racer of racers) racer.stdin?.write('go\n')
  const won = (await Promise.all(racers.map(({ output }) => output))).map((text) => JSON.parse(text) as number[])
  assert.deepEqual(
    won.flat().sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, version) => version),
  )
  for (const [racer, versions] of won.entries()) {
    for (const version of versions) assert.equal(await readFile(`${root}/v${version}`, 'utf8'), `racer ${racer}`)
  }
  assert.equal((await readdir(root)).length, 100)
})

test('a process that is killed while it writes leaves whole objects and known leftovers', async (t) => {
  const root = await directoryFor(t)
  const writer = child(
    root,
    `for (let turn = 0; ; turn += 1) {
       const content = String(turn % 10).repeat(200_000 + turn)
       await io.write(root + '/replaced', bytes(content))
       await io.write(root + '/created-' + turn, bytes(content), { createOnly: true })
     }`,
  )
  const exited = once(writer, 'exit')
  // Killed in the midst of its work, once there is some.
  while ((await Array.fromAsync(io.list(`${root}/`))).length < 20) await Promise.resolve()
  writer.kill('SIGKILL')
  await exited
  const listed = await Array.fromAsync(io.list(`${root}/`))
  assert.ok(listed.length >= 20)
  for (const { location, sizeBytes } of listed) {
    const text = await readFile(location, 'utf8')
    const turn = sizeBytes - 200_000
    assert.ok(turn >= 0 && text === String(turn % 10).repeat(sizeBytes), `${location} has ${sizeBytes} bytes`)
  }
  const left = (await readdir(root)).filter(isTemporaryName).map((name) => join(root, name))
  assert.equal((await readdir(root)).length, listed.length + left.length)
  await io.remove(left)
  assert.equal((await readdir(root)).length, listed.length)
})
