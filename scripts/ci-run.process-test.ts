import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

// What `.ci/run` runs, with an `npm` that notes what it is asked for.

const home = mkdtempSync(join(tmpdir(), 'moraine-ci-run-'))
after(() => rmSync(home, { recursive: true }))
const npm = join(home, 'npm')
writeFileSync(
  npm,
  `#!/bin/sh
echo "$* required=$LAB_REQUIRED depth=$INTEROP_DEPTH confirm=$CONFIRM_FAILURES" >> "$NOTES"
[ "$*" != "run test:interop" ] || [ -z "$SKIPS" ] || echo "  $SKIPS" >> "$SKIPPED_SUITES_LIST"
[ "$*" != "test" ] || [ -z "$UNSTEADY" ] || echo "  $UNSTEADY" >> "$UNSTEADY_TESTS_LIST"
[ "$*" != "$FAILS" ]
`,
)
chmodSync(npm, 0o755)

function run(
  args: readonly string[],
  more: { readonly SKIPS?: string; readonly FAILS?: string; readonly UNSTEADY?: string } = {},
) {
  const notes = join(home, 'notes')
  writeFileSync(notes, '')
  const env = {
    PATH: `${home}${delimiter}${process.env['PATH']}`,
    NOTES: notes,
    LAB_REQUIRED: '',
    INTEROP_DEPTH: '',
    CONFIRM_FAILURES: '',
    SKIPS: '',
    UNSTEADY: '',
    FAILS: 'nothing',
    ...more,
  }
  const script = fileURLToPath(new URL('../.ci/run', import.meta.url))
  const { status, stdout } = spawnSync(script, args, { env, encoding: 'utf8' })
  return { status, stdout, asked: readFileSync(notes, 'utf8').trimEnd().split('\n') }
}

const USUAL = ['test required= depth= confirm=', 'run test:interop required= depth= confirm=']
const STRICT = [
  'test required= depth= confirm=0',
  'run sim -- --defects required= depth= confirm=0',
  'run sim -- --seeds 10000 --from 10001 required= depth= confirm=0',
  'run sim -- --seeds 2000 --from 10001 --skewed required= depth= confirm=0',
  'run test:interop required=1 depth=all confirm=0',
]
const BENCHES = ['catalog', 'service', 'plan', 'rewrite'].map(
  (name) => `run bench -- ${name} required=1 depth= confirm=0`,
)

test('without arguments: the tests and the suites, of which some may be skipped', () => {
  assert.deepEqual(run([]), { status: 0, stdout: '', asked: USUAL })
  const { status, stdout } = run([], { SKIPS: 'Spark: no network' })
  assert.equal(status, 0)
  assert.match(stdout, /Not proven[\s\S]*Spark: no network/)
  assert.match(
    run([], { UNSTEADY: 'some.process-test.ts' }).stdout,
    /passed alone, to be mended:\n {2}some\.process-test/,
  )
  assert.equal(run([], { FAILS: 'run test:interop' }).status, 1)
  assert.deepEqual(run([], { FAILS: 'test' }).asked, USUAL.slice(0, 1))
})

test('strict: the simulator at length, all suites, as deep as they go and none skipped, then the benchmarks', () => {
  assert.deepEqual(run(['--strict']), { status: 0, stdout: '', asked: [...STRICT, ...BENCHES] })
  const skipping = run(['--strict'], { SKIPS: 'Spark: no network' })
  assert.deepEqual([skipping.status, skipping.asked], [1, STRICT])
  assert.match(skipping.stdout, /Spark: no network/)
  assert.deepEqual(run(['--strict'], { FAILS: 'run test:interop' }).asked, STRICT)
  assert.deepEqual(run(['--strict'], { FAILS: 'run sim -- --defects' }).asked, STRICT.slice(0, 2))
  const missing = run(['--strict'], { FAILS: 'run bench -- catalog' })
  assert.deepEqual([missing.status, missing.asked], [1, [...STRICT, ...BENCHES]])
  assert.match(missing.stdout, /missed a budget: catalog\n/)
})

test('what is no argument of it runs nothing', () => {
  assert.deepEqual(run(['--strikt']), { status: 2, stdout: '', asked: [''] })
})
