import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerEntry, ResourceEntry } from '@moraine/client/group-optimizers-api'
import { groupOptimizersText } from './group-optimizers-text.ts'

const optimizer: OptimizerEntry = {
  token: 'o-1',
  startTime: 1_800_000_000_000,
  touchTime: 1_800_000_000_000,
  jobId: 'r-1',
  groupName: 'etl',
  coreNumber: 4,
  memory: 512,
  jobStatus: 'RUNNING',
  runningTasks: 2,
  container: '',
}
const resource: ResourceEntry = {
  resourceId: 'r-1',
  group: 'etl',
  container: 'local',
  threads: 4,
  memoryMb: 512,
  requestedAt: 1_800_000_000_000,
  requestReason: 'asked for by root',
  status: 'requested',
  launchedAt: null,
  endedAt: null,
  endReason: null,
  isFailure: false,
  attempts: 0,
  retryAt: null,
  failure: null,
  optimizers: [],
}

test('what is registered and what was asked for is shown, failures with their reasons', () => {
  const ended = { status: 'ended', endReason: 'its process ended: SIGKILL', isFailure: true }
  const text = groupOptimizersText(
    'etl',
    [optimizer],
    [
      { ...resource, attempts: 2, failure: 'no room' },
      { ...resource, resourceId: 'r-0', ...ended },
    ],
  )
  assert.match(text, /o-1 +4 +2 +running +by hand +2027-01-15T08:00:00.000Z/)
  assert.match(text, /r-1 +4 +local +requested +\S+ +asked for by root; failed 2 times so far: no room/)
  assert.match(text, /r-0 +4 +local +ended +\S+ +failed: its process ended: SIGKILL/)
})

test('nothing is said to be nothing', () => {
  const text = groupOptimizersText('etl', [], [])
  assert.equal(text, 'no optimizer is registered in group etl\n\nnone was asked of a container\n')
})
