import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { must } from '@moraine/stdx/assert'
import { openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { planTable } from '../table/plan-table.ts'
import { readTable } from '../table/read-table.ts'

const { fileIO, metadataLocation } = await openFixture('v2-position-deletes')
const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
const state = await readTable(fileIO, { identifier: { namespace: [], name: 't' }, metadata, metadataLocation })
const now = metadata.lastUpdatedMs

async function planned(filter: string) {
  const plan = must(await planTable(fileIO, state, { type: 'full', now, filter }), 'plan')
  return [...new Set(plan.groups.map((group) => group.partitionPath))].sort()
}

test('only partitions that may hold matching rows are rewritten; the others say that they were left out', async () => {
  assert.deepEqual(await planned("region = 'eu'"), ['region=eu/id_bucket=0', 'region=eu/id_bucket=1'])
  assert.deepEqual(await planned('id > 100000'), [])
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
  await assert.rejects(planned('region ='), /--where/)
  await assert.rejects(planned('nowhere = 1'), /nowhere/)
})
