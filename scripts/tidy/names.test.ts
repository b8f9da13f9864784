import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTypeScript, type RepositoryFile, sourceFiles } from './source-files.ts'

/** Names that may stand twice, and why. */
const TWICE: Readonly<Record<string, string>> = {
  ROW_ID_FIELD_ID: 'an id of the table spec, which parquet may not import from iceberg; a test holds the two equal',
  LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID: 'likewise',
  T0: 'the moment at which the examples of a package begin',
}

test('an exported name means one thing: whoever looks for it finds one place', () => {
  const twice = exportedTwice(sourceFiles(isTypeScript)).filter(({ name }) => !(name in TWICE))
  assert.deepEqual(
    twice.map(({ name, paths }) => `${name}: ${paths.join(', ')}`),
    [],
  )
})

test('no exception outlives its reason', () => {
  const twice = new Set(exportedTwice(sourceFiles(isTypeScript)).map(({ name }) => name))
  assert.deepEqual(
    Object.keys(TWICE).filter((name) => !twice.has(name)),
    [],
  )
})

test('the rule sees a second meaning, and not the two sides of an enumeration', () => {
  const file = (path: string, text: string) => ({ path, text })
  const found = exportedTwice([
    file(
      'packages/a/src/one.ts',
      `export type Shape = 1\nexport const Mode = { on: 1 } as const\nexport type Mode = 1`,
    ),
    file('packages/b/src/two.ts', `import type { Shape } from '@moraine/a/one'\nexport async function load() {}`),
    file('packages/b/src/three.ts', `export abstract class Shape {}`),
  ])
  assert.deepEqual(found, [{ name: 'Shape', paths: ['packages/a/src/one.ts', 'packages/b/src/three.ts'] }])
})

type Twice = { readonly name: string; readonly paths: readonly string[] }

function exportedTwice(files: readonly RepositoryFile[]): readonly Twice[] {
  const declaration = /^export (?:async )?(?:abstract )?(?:function\*?|const|let|class|enum|interface|type) (\w+)/gm
  const places = new Map<string, Set<string>>()
  for (const { path, text } of files) {
    for (const [, name = ''] of text.matchAll(declaration)) {
      places.set(name, (places.get(name) ?? new Set()).add(path))
    }
  }
  return [...places].filter(([, paths]) => paths.size > 1).map(([name, paths]) => ({ name, paths: [...paths].sort() }))
}
