import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually } from '@moraine/testkit/eventually'

const home = mkdtempSync(join(tmpdir(), 'moraine-confirm-'))
after(() => rmSync(home, { recursive: true }))

/** As if nobody tested the script, nor had asked it for anything. */
const { NODE_TEST_CONTEXT: _, CONFIRM_FAILURES: __, UNSTEADY_TESTS_LIST: ___, ...OUTSIDE } = process.env

/** A file whose only test fails in the runs of these numbers, counted from one. */
function writeTest(name: string, failsIn: readonly number[]): string {
  const path = join(home, `${name}.test.mjs`)
  const count = join(home, `${name}.runs`)
  writeFileSync(count, '')
  writeFileSync(
    path,
    `import { appendFileSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
appendFileSync(${JSON.stringify(count)}, '.')
test(${JSON.stringify(name)}, () => {
  if (${JSON.stringify(failsIn)}.includes(readFileSync(${JSON.stringify(count)}).length)) throw new Error('by chance')
})
`,
  )
  return path
}

const runsOf = (name: string): number => readFileSync(join(home, `${name}.runs`)).length

function confirm(files: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const unsteady = join(home, 'unsteady')
  writeFileSync(unsteady, '')
  const script = fileURLToPath(new URL('confirm-failures.ts', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [script, '--test', ...files], {
    env: { ...OUTSIDE, UNSTEADY_TESTS_LIST: unsteady, ...env },
    encoding: 'utf8',
  })
  return { status, stdout, unsteady: readFileSync(unsteady, 'utf8') }
}

test('what passes is run once', () => {
  const { status, stdout, unsteady } = confirm([writeTest('steady', [])])
  assert.deepEqual([status, runsOf('steady'), unsteady], [0, 1, ''])
  assert.match(stdout, /pass 1\n[\s\S]*fail 0\n/)
})

test('what fails beside others and passes twice alone passes, and is said to be unsteady', () => {
  const unsteadyFile = writeTest('unsteady', [1])
  const { status, stdout, unsteady } = confirm([writeTest('neighbour', []), unsteadyFile])
  assert.deepEqual([status, runsOf('neighbour'), runsOf('unsteady')], [0, 1, 3])
  assert.equal(unsteady, `  ${unsteadyFile}\n`)
  assert.match(stdout, /Failed beside others and passed alone, to be mended:\n.*unsteady\.test\.mjs\n$/)
})

test('what fails again fails, be it the second time alone', () => {
  const atOnce = confirm([writeTest('broken', [1, 2, 3])])
  assert.deepEqual([atOnce.status, runsOf('broken'), atOnce.unsteady], [1, 2, ''])
  const later = confirm([writeTest('rarely', [1, 3])])
  assert.deepEqual([later.status, runsOf('rarely'), later.unsteady], [1, 3, ''])
})

test('where many files fail, or the first run counts, none is run again', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => writeTest(name, [1]))
  assert.deepEqual([confirm(many).status, runsOf('a')], [1, 1])
  const file = writeTest('proof', [1])
  assert.deepEqual([confirm([file], { CONFIRM_FAILURES: '0' }).status, runsOf('proof')], [1, 1])
})

test('a run that is told to stop stops, and nothing is run again', async () => {
  const path = join(home, 'endless.test.mjs')
  const started = join(home, 'started')
  writeFileSync(
    path,
    `import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
test('endless', () => {
  writeFileSync(${JSON.stringify(started)}, '')
  return new Promise((end) => setTimeout(end, 600_000))
})
`,
  )
  const script = fileURLToPath(new URL('confirm-failures.ts', import.meta.url))
  const running = spawn(process.execPath, [script, '--test', path], { env: OUTSIDE })
  let said = ''
  running.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await eventually('the test', () => existsSync(started) || undefined)
  running.kill('SIGTERM')
  const [status] = (await once(running, 'exit')) as [number | null]
  assert.equal(status, 130)
  assert.doesNotMatch(said, /Run alone/)
})
