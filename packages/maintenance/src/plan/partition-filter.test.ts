import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { must } from '@moraine/stdx/assert'
import { openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { type PlanOptions, planTable } from '../table/plan-table.ts'
import { readTable } from '../table/read-table.ts'

const { fileIO, metadataLocation } = await openFixture('v2-position-deletes')
const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
const state = await readTable(fileIO, { identifier: { namespace: [], name: 't' }, metadata, metadataLocation })
const now = metadata.lastUpdatedMs

async function planned(how: Pick<PlanOptions, 'filter' | 'partitions'>) {
  const plan = must(await planTable(fileIO, state, { type: 'full', now, ...how }), 'plan')
  return [...new Set(plan.groups.map((group) => group.partitionPath))].sort()
}

test('only partitions that may hold matching rows are rewritten; the others say that they were left out', async () => {
  assert.deepEqual(await planned({ filter: "region = 'eu'" }), ['region=eu/id_bucket=0', 'region=eu/id_bucket=1'])
  assert.deepEqual(await planned({ filter: 'id > 100000' }), [])
  const plan = must(await planTable(fileIO, state, { type: 'full', now, filter: "region = 'us'" }), 'plan')
  const left = plan.skipped.map(({ partitionPath, reason }) => `${partitionPath}: ${reason}`)
  assert.deepEqual(left.sort(), ['region=eu/id_bucket=0: filtered', 'region=eu/id_bucket=1: filtered'])
})

test('the table property filters as well, and a request may only narrow it', async () => {
  const policy = { ...state.policy, filter: "region = 'eu'" }
  const plan = await planTable(fileIO, { ...state, policy }, { type: 'full', now, filter: "region = 'us'" })
  assert.deepEqual(plan?.groups, [])
})

test('a filter that cannot be read names the setting and the place', async () => {
  await assert.rejects(planned({ filter: 'region =' }), /--where/)
  await assert.rejects(planned({ filter: 'nowhere = 1' }), /nowhere/)
})

test('of partitions that are named only those are rewritten, and only if they pass the filters as well', async () => {
  const partitions = ['region=eu/id_bucket=1', 'region=us/id_bucket=0', 'region=none/id_bucket=0']
  assert.deepEqual(await planned({ partitions }), ['region=eu/id_bucket=1', 'region=us/id_bucket=0'])
  assert.deepEqual(await planned({ partitions, filter: "region = 'eu'" }), ['region=eu/id_bucket=1'])
  assert.deepEqual(await planned({ partitions: ['region=eu'] }), [])
})
