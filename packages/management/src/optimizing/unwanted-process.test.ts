import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from '../records/table-settings.ts'
import { buildProcess, buildTable } from '../testing/build.ts'
import { unwantedProcess } from './unwanted-process.ts'

const why = (settings: Partial<TableSettings>, parts: Parameters<typeof buildTable>[0] = {}) =>
  unwantedProcess(buildTable({ settings: { ...DEFAULT_TABLE_SETTINGS, ...settings }, ...parts }), buildProcess())

test('a process is not wanted any more once its table is switched off or in another group', () => {
  assert.match(why({ enabled: false }) ?? '', /switched off/)
  assert.match(why({ group: 'etl' }) ?? '', /moved to group 'etl'/)
})

test('a process goes on when its table gets another name, or other settings that it was not planned by', () => {
  assert.equal(why({}), undefined)
  assert.equal(why({ priority: 7, quota: 2, minPlanIntervalMs: 1 }), undefined)
  assert.equal(why({}, { name: { catalog: 'lake', namespace: ['archive'], name: 'purchases' } }), undefined)
})
