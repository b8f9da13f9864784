import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const home = mkdtempSync(`${tmpdir()}/moraine-skipped-`)
after(() => rmSync(home, { recursive: true }))
const REPORTER = fileURLToPath(new URL('skipped-reporter.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What node:test prints of suites that skip, and what is in the list afterwards. */
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
  const reportSkipped = [`--test-reporter=${REPORTER}`, '--test-reporter-destination=stdout']
  const { stdout } = spawnSync(process.execPath, ['--test', ...report, ...reportSkipped, ...files], {
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

test('a run that skips nothing says so', () => {
  const { stdout, list } = run(`test('passes', () => {})`)
  assert.ok(stdout.endsWith('Nothing was skipped.\n'), stdout)
  assert.equal(list, 'before\n')
})

test('the interop suites report what they skip, .ci/run says it at its end, and proof by the kit is never skipped', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const runs = Object.entries(scripts).filter(([, command]) => /--test .*"interop\//.test(command))
  assert.ok(runs.length > 0)
  for (const [name, command] of runs) {
    assert.match(command, /--test-reporter=\.\/interop\/lab\/skipped-reporter\.ts/, name)
  }
  // The control, on the reference server, is of that depth.
  assert.match(scripts['test:rck'] ?? '', /^MORAINE_LAB_REQUIRED=1 MORAINE_INTEROP_DEPTH=all /)
  assert.match(readFileSync(join(ROOT, '.ci/run'), 'utf8'), /export SKIPPED_SUITES_LIST[\s\S]*trap .* EXIT/)
})
