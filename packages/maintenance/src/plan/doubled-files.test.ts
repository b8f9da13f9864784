import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { findDoubledFiles } from './doubled-files.ts'
import { describeTasks, indexOfTasks } from './testing/index-of-tasks.ts'

const task = (filePath: string, p: number, fileSizeBytes = 10) => ({
  data: manifestEntry(1, { filePath, partition: [p], fileSizeBytes, recordCount: 5 }),
  deletes: [],
})

function doubledOf(tasks: readonly ReturnType<typeof task>[]): readonly (readonly [number, string])[] {
  const search = findDoubledFiles(indexOfTasks(tasks))
  let step = search.next()
  while (step.done !== true) step = search.next(describeTasks(tasks, step.value))
  return [...step.value]
}

test('a file that is listed twice is found, across manifests and partitions, with the partitions that list it', () => {
  const others = Array.from({ length: 12 }, (_, at) => task(`/t/f${at}.parquet`, 0))
  assert.deepEqual(doubledOf(others), [])
  const tasks = [task('/t/twice.parquet', 1), ...others, task('/t/twice.parquet', 2)]
  assert.deepEqual(doubledOf(tasks), [
    [0, '/t/twice.parquet'],
    [2, '/t/twice.parquet'],
  ])
})
