import assert from 'node:assert/strict'
import { test } from 'node:test'
import { impurities } from './purity.ts'
import { isTypeScript, sourceFiles } from './source-files.ts'

test('pure folders neither do I/O nor run what may', () => {
  assert.deepEqual(sourceFiles(isTypeScript).flatMap(impurities), [])
})

const PLAN = 'packages/maintenance/src/plan/sample.ts'
const offending: readonly [string, string, RegExp][] = [
  [PLAN, `import { localFileIO } from '@moraine/storage/local-file-io'`, /a value of @moraine\/storage/],
  [PLAN, `import { systemClock } from '@moraine/stdx/clock'`, /uses systemClock/],
  [PLAN, `import { systemRandom } from '@moraine/stdx/random'`, /uses systemRandom/],
  [PLAN, `export const region = process.env['AWS_REGION']`, /uses process\.env/],
  [PLAN, `export const load = (url: string) => fetch(url)`, /uses fetch/],
  [PLAN, `export const load = (url: string) => globalThis.fetch(url)`, /uses globalThis/],
  [PLAN, `import { loadIndex } from '../table/load-index.ts'`, /imports \.\.\/table\/load-index\.ts/],
  [PLAN, `import type { TableIndex } from '../table/load-index.ts'`, /imports \.\.\/table\/load-index\.ts/],
  [PLAN, `import {\n  commitRewrite,\n} from '../commit/commit-rewrite.ts'`, /imports \.\.\/commit/],
  [PLAN, `export const open = () => import('node:fs')`, /node:fs/],
  ['packages/maintenance/src/verify/sample.ts', `import { readFileSync } from 'node:fs'`, /node:fs/],
  ['packages/maintenance/src/verify/sample.ts', `import { DuckDBInstance } from '@duckdb/node-api'`, /duckdb/],
  ['packages/parquet/src/sample.ts', `import { connectThrift } from '@moraine/thrift/client'`, /thrift\/client/],
  ['packages/iceberg/src/sample.ts', `import { openStorage } from '@moraine/storage/open-storage'`, /a value of/],
  ['packages/management/src/sample.ts', `export const pid = () => process.pid`, /uses process\.pid/],
  ['packages/avro/src/sample.ts', `import 'node:net'`, /node:net/],
]
for (const [path, text, expected] of offending) {
  test(`refused in ${path}: ${text.replaceAll('\n', ' ')}`, () => {
    const found = impurities({ path, text })
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', expected)
  })
}

const harmless: readonly [string, string][] = [
  ['packages/iceberg/src/sample.ts', `import type { FileIO } from '@moraine/storage/file-io'`],
  [PLAN, `import { typeToText } from '@moraine/iceberg/schema/type'`],
  [PLAN, `import { verifyGroup } from '../verify/verify-group.ts'`],
  [PLAN, `/** Never fetch(it), never process.env. */\nexport const a = 1 // systemClock`],
  ['packages/management/src/sample.ts', `export const idle = (process: Run) => process.state.status === 'x'`],
  ['packages/maintenance/src/table/sample.ts', `export const load = (url: string) => fetch(url)`],
]
for (const [path, text] of harmless) {
  test(`allowed in ${path}: ${text.replaceAll('\n', ' ')}`, () => assert.deepEqual(impurities({ path, text }), []))
}
