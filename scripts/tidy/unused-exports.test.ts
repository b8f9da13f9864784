import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTypeScript, sourceFiles } from './source-files.ts'
import { unusedExports } from './unused-exports.ts'

/** What is exported for users of a library alone, and why it stays. */
const KEPT: Readonly<Record<string, string>> = {
  'packages/iceberg/src/manifest/content-file-json.ts decodeContentFile':
    'the client side of REST scan planning; holds the encoder to the texts of the reference implementation',
}

const found = unusedExports(sourceFiles(isTypeScript))

test('what is exported is used by another file', () => {
  const unused = found.filter(({ at }) => !(at in KEPT))
  assert.deepEqual(
    unused.map(({ at, why }) => `${at}: ${why}`),
    [],
  )
})

test('no exception outlives its reason', () => {
  const unused = new Set(found.map(({ at }) => at))
  assert.deepEqual(
    Object.keys(KEPT).filter((at) => !unused.has(at)),
    [],
  )
})

test('the rule tells dead, private and used apart', () => {
  const file = (path: string, text: string) => ({ path, text })
  const judged = unusedExports([
    file(
      'packages/a/src/one.ts',
      `export const dead = 1 // dead
export function tested() {}
export const home = 2
export const part = home
export type Shape = { a: number }
export type Lost = string
export const shown = (shape: Shape) => part`,
    ),
    file('packages/a/src/one.test.ts', `import { part, tested } from './one.ts'`),
    file('packages/b/src/two.ts', `import {\n  type Never,\n  shown as seen,\n} from '@moraine/a/one'`),
    file('packages/b/src/all.ts', `export const x = 1`),
    file('apps/c/src/three.ts', `import * as all from '@moraine/b/all'`),
    file('packages/b/src/testing/build.ts', `export const build = 1\nexport const forgotten = 1`),
    file('packages/b/src/two.test.ts', `import { build } from './testing/build.ts'`),
  ])
  assert.deepEqual(judged, [
    { at: 'packages/a/src/one.ts dead', why: 'dead' },
    { at: 'packages/a/src/one.ts tested', why: 'dead' },
    { at: 'packages/a/src/one.ts home', why: 'used only in its file' },
    { at: 'packages/a/src/one.ts Lost', why: 'dead' },
    { at: 'packages/b/src/testing/build.ts forgotten', why: 'dead' },
  ])
})
