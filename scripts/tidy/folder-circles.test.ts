import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutualImports } from './folder-circles.ts'
import { isTypeScript, sourceFiles } from './source-files.ts'

/** What was so before there was the rule. The list may only grow shorter. */
const REMAIN: readonly string[] = [
  'apps/cli/src: commands <-> reference',
  'apps/cli/src: commands <-> sample',
  'apps/cli/src: commands <-> text',
  'packages/iceberg/src: schema <-> value',
]

const found = mutualImports(sourceFiles(isTypeScript))

test('no two folders of a package import each other', () => {
  const wrong = found.filter(({ at }) => !REMAIN.includes(at))
  assert.deepEqual(
    wrong.map(({ at, because }) => [at, ...because].join('\n  ')),
    [],
  )
})

test('no pair outlives its mending', () => {
  const there = new Set(found.map(({ at }) => at))
  assert.deepEqual(
    REMAIN.filter((at) => !there.has(at)),
    [],
  )
})

test('the rule sees folders and files beside them, by whatever import, and neither tests nor other packages', () => {
  const file = (path: string, text: string) => ({ path, text })
  const judged = mutualImports([
    file('packages/a/src/one/x.ts', `import { y } from '../two/y.ts'\nimport { port } from '../port.ts'`),
    file('packages/a/src/two/deep/z.ts', `import type { X } from '@moraine/a/one/x'`),
    file('packages/a/src/two/y.ts', `export const y = 1`),
    file('packages/a/src/two/y.test.ts', `import { w } from '../three/w.ts'`),
    file('packages/a/src/three/w.ts', `import { y } from '../two/y.ts'\nimport { port } from '../port.ts'`),
    file('packages/a/src/port.ts', `import { w } from './three/w.ts'`),
    file('packages/a/src/compose.ts', `import { x } from './one/x.ts'`),
    file('packages/b/src/one/v.ts', `import { x } from '@moraine/a/one/x'`),
  ])
  assert.deepEqual(judged, [
    {
      at: 'packages/a/src: one <-> two',
      because: [
        'packages/a/src/one/x.ts imports packages/a/src/two/y.ts',
        'packages/a/src/two/deep/z.ts imports packages/a/src/one/x.ts',
      ],
    },
    {
      at: 'packages/a/src: port.ts <-> three',
      because: [
        'packages/a/src/port.ts imports packages/a/src/three/w.ts',
        'packages/a/src/three/w.ts imports packages/a/src/port.ts',
      ],
    },
  ])
})
