import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogTables } from '@moraine/catalogs/catalog'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { TableReading } from './reading/table-reading.ts'
import { tableJudge } from './table-judge.ts'

const signal = new AbortController().signal
const TABLE = { catalog: 'lake', namespace: ['db'], name: 't' }
const request = { table: TABLE, clocks: new Map(), now: 1e13 as EpochMs }

/** A catalog that points to one place after the other, and readers elsewhere that find some of them. */
function judge(pointsTo: (string | undefined)[], found: readonly string[]) {
  const asked: string[] = []
  const read: string[] = []
  const store = {
    async findMetadataLocation() {
      asked.push('pointer')
      return pointsTo.shift()
    },
    loadTable: () => assert.fail('the table is read elsewhere'),
    commitTable: () => assert.fail('nothing is committed'),
  } satisfies CatalogTables
  const make = async ({ metadataLocation }: { metadataLocation: string }) => {
    read.push(metadataLocation)
    return found.includes(metadataLocation) ? ({ metadataLocation } as TableEvaluation) : undefined
  }
  const reading = { evaluate: make, plan: () => assert.fail('nothing is planned') } satisfies TableReading
  const reached = {
    ...{ store, identifier: { namespace: ['db'], name: 't' }, io: memoryFileIO(), boundsFiles: true },
    pointed: { storage: {}, tableDefaults: {} },
    loadStorage: async () => ({}),
  }
  return { asked, read, ...tableJudge({ reading, reach: async () => reached }) }
}

test('a table is read where it was just found, without another look', async () => {
  const { evaluate, asked } = judge([], ['/v2'])
  assert.equal((await evaluate({ ...request, metadataLocation: '/v2' }, signal)).metadataLocation, '/v2')
  assert.deepEqual(asked, [])
})

test('it is looked for again if a newer commit has removed the file', async () => {
  const { evaluate, read } = judge(['/v3'], ['/v3'])
  assert.equal((await evaluate({ ...request, metadataLocation: '/v2' }, signal)).metadataLocation, '/v3')
  assert.deepEqual(read, ['/v2', '/v3'])
})

test('a file that stays away is damage, and a table that is gone is not found', async () => {
  const damaged = judge(['/v2', '/v2'], [])
  await assert.rejects(damaged.evaluate(request, signal), (error) => isKind(error, 'corrupt'))
  const gone = judge(['/v2', undefined], [])
  await assert.rejects(gone.evaluate(request, signal), (error) => isKind(error, 'not-found'))
})
