import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const home = mkdtempSync(`${tmpdir()}/moraine-closing-`)
after(() => rmSync(home, { recursive: true }))
const REPORTER = fileURLToPath(new URL('closing-reporter.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What node:test prints of suites, and what is in the list afterwards. */
function run(...suites: readonly string[]): { readonly stdout: string; readonly list: string } {
  const list = join(home, 'list')
  writeFileSync(list, 'before\n')
  const files = suites.map((text, at) => {
    const file = join(home, `${at}.test.mjs`)
    writeFileSync(file, `import { test } from 'node:test'\n${text}\n`)
    return file
  })
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const report = ['--test-reporter=spec', '--test-reporter-destination=stdout']
  const close = [`--test-reporter=${REPORTER}`, '--test-reporter-destination=stdout']
  const { stdout } = spawnSync(process.execPath, ['--test', ...report, ...close, ...files], {
    encoding: 'utf8',
    env: { ...env, SKIPPED_SUITES_LIST: list },
  })
  return { stdout, list: readFileSync(list, 'utf8') }
}

test('a run ends with what was skipped and why, and adds it to the list', () => {
  const { stdout, list } = run(
    `test('Spark', (context) => context.skip('unavailable: spark could not\\nbe fetched'))`,
    `test('passes', () => {})\ntest('without a word', (context) => context.skip())`,
  )
  const lines = [
    `  ${join(home, '0.test.mjs')}: Spark: unavailable: spark could not be fetched`,
    `  ${join(home, '1.test.mjs')}: without a word: no reason given`,
  ]
  const text = `Skipped, 2 in all:\n${lines.join('\n')}\n`
  assert.ok(stdout.endsWith(text), stdout)
  assert.equal(list, `before\n${lines.join('\n')}\n`)
})

test('tests of a file that are skipped for one reason are one line', () => {
  const skip = (name: string) => `test('${name}', { skip: 'Kubernetes is not here' }, () => {})`
  const { list } = run(`${skip('a')}\n${skip('b')}`)
  assert.equal(list, `before\n  ${join(home, '0.test.mjs')}: 2 tests: Kubernetes is not here\n`)
})

test('a run ends with what failed, and the gist of why', () => {
  const trace = Array.from({ length: 40 }, (_, at) => `\\tat org.apache.Some.method(Some.java:${at})`).join('\\n')
  const { stdout } = run(
    `test('Spark', () => { throw new Error('Job aborted\\n${trace}\\nCaused by: Connection refused') })
     test('a group', async (context) => { await context.test('within', () => { throw new Error('its reason') }) })`,
    `test('passes', () => {})`,
  )
  const file = join(home, '0.test.mjs')
  const gist = [
    `  ${file}: Spark\n      Job aborted\n      Caused by: Connection refused`,
    `  ${file}: within\n      its reason`,
  ]
  assert.ok(stdout.endsWith(`Failed, 2 in all:\n${gist.join('\n')}\n`), stdout)
})

test('a file that ends before its tests have failed', () => {
  const { stdout } = run('process.exit(3)')
  assert.match(stdout, /Failed, 1 in all:\n.*0\.test\.mjs/)
})

test('a run that skips nothing says so', () => {
  const { stdout, list } = run(`test('passes', () => {})`)
  assert.ok(stdout.endsWith('Nothing was skipped.\n'), stdout)
  assert.equal(list, 'before\n')
})

test('the interop suites report what they skip, .ci/run says it at its end, and proof by the kit is never skipped', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  assert.match(scripts['test:interop'] ?? '', /^npm run test:suites -- .*"interop\//)
  assert.match(scripts['test:suites'] ?? '', /--test .*--test-reporter=\.\/interop\/lab\/closing-reporter\.ts/)
  // The control, on the reference server, is of that depth.
  assert.match(scripts['test:rck'] ?? '', /^LAB_REQUIRED=1 INTEROP_DEPTH=all /)
  assert.match(readFileSync(join(ROOT, '.ci/run'), 'utf8'), /export SKIPPED_SUITES_LIST[\s\S]*trap .* EXIT/)
})
