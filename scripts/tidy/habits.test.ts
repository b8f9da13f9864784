import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { isTest, isTypeScript, root, sourceFiles, withoutComments } from './source-files.ts'

const files = sourceFiles(isTypeScript)
const production = files.filter((file) => !isTest(file.path) && !file.path.includes('/testkit/'))

/** Ambient time, randomness and ids: each has a replacement that tests can steer. */
const AMBIENT: readonly [RegExp, string][] = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, 'take a Clock (stdx/clock)'],
  [/\bMath\.random\(|\brandomUUID\(|\brandomBytes\(|\bgetRandomValues\(/, 'take a Random (stdx/random)'],
  [/\bset(Timeout|Interval)\(/, 'use Clock.sleep (stdx/clock)'],
]

test('time, randomness and ids are inputs', () => {
  const wrong = production.flatMap((file) =>
    file.path.startsWith('packages/stdx/')
      ? []
      : AMBIENT.flatMap(([pattern, remedy]) =>
          pattern.test(withoutComments(file.text)) ? [`${file.path}: ${remedy}`] : [],
        ),
  )
  assert.deepEqual(wrong, [])
})

/** Sleeping makes a test slow on a quiet machine and fail on a busy one. These files may, for the reason given. */
const SLEEP = /timers\/promises|(?<!mock\.)\bset(Timeout|Interval)\(|\bsystemClock\.sleep\(/
const MAY_SLEEP: Readonly<Record<string, string>> = {
  'packages/stdx/src/clock.test.ts': 'it is about the real clock, and waits for none of its timers',
  'packages/testkit/src/eventually.ts': 'the one place that looks again for what another process does',
  'apps/cli/src/testing/start-cli.ts': 'a limit on how long a process may be silent; nothing waits for it to pass',
  'apps/optimizer/src/optimizer.test.ts': 'an impatient clock: what would be minutes is one millisecond',
  'interop/chaos/sabotage.ts': 'deeds have their time, and last; nothing is expected of that',
  'interop/chaos/writers.ts': 'writers that are always at it, and no faster than they would be',
  'interop/lab/json-lines-worker.ts': 'a limit on how long an engine may take to stop',
  'interop/lab/moraine.ts': 'asks a server over HTTP until it is done',
}

test('tests do not sleep', () => {
  const sleeping = files.filter((file) => {
    const isOfTests = isTest(file.path) || file.path.startsWith('packages/testkit/')
    return isOfTests && !/^(scripts|bench)\//.test(file.path) && SLEEP.test(withoutComments(file.text))
  })
  assert.deepEqual(
    sleeping.map((file) => file.path).filter((path) => !(path in MAY_SLEEP)),
    [],
  )
  const stale = Object.keys(MAY_SLEEP).filter((path) => !sleeping.some((file) => file.path === path))
  assert.deepEqual(stale, [], 'exceptions that are not needed any more')
})

test('the rule on sleeping sees what sleeps', () => {
  for (const text of [
    `import { setTimeout as wait } from 'node:timers/promises'`,
    'await new Promise((done) => setTimeout(done, 10))',
    'await systemClock.sleep(5)',
  ])
    assert.match(text, SLEEP)
  assert.doesNotMatch('await clock.sleep(5)', SLEEP)
})

test('files are named after what they hold', () => {
  const banned = /(^|\/)(index|utils?|helpers?|common|types|constants|models?|misc)\.tsx?$/
  assert.deepEqual(
    files.map((file) => file.path).filter((path) => banned.test(path) || /[A-Z]/.test(posix.basename(path))),
    [],
  )
})

test('a file holds one concept: none is longer than 450 lines', () => {
  const long = production.filter((file) => file.text.split('\n').length > 450).map((file) => file.path)
  assert.deepEqual(long, [])
})

test('links in documents lead somewhere', () => {
  const documents = sourceFiles((path) => path.endsWith('.md') && !path.includes('/fixtures/'))
  const wrong = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap((match) => {
      const target = posix.join(posix.dirname(path), match[1] ?? '')
      return existsSync(root + target) ? [] : [`${path} links to ${match[1]}`]
    }),
  )
  assert.deepEqual(wrong, [])
})

test('dependencies are pinned to one version', () => {
  const manifests = sourceFiles((path) => /(^|\/)package\.json$/.test(path))
  const wrong = manifests.flatMap(({ path, text }) => {
    const {
      dependencies = {},
      devDependencies = {},
      optionalDependencies = {},
    } = JSON.parse(text) as Record<string, Record<string, string>>
    return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^\d/.test(version))
      .map(([name, version]) => `${path}: ${name} ${version}`)
  })
  assert.deepEqual(wrong, [])
})
