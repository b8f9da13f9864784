import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizingProcessBody, TaskEntry } from '@moraine/api/rest/process-schemas'
import { processesText, tasksText } from './process-text.ts'

const T0 = Date.UTC(2026, 0, 31)
const files = (fileCnt: number, totalSize: number) => ({ fileCnt, totalSize, averageSize: totalSize })

const PROCESS: OptimizingProcessBody = {
  tableId: 1,
  catalogName: 'lake',
  dbName: 'db',
  tableName: 'orders',
  processId: '18',
  startTime: T0,
  optimizingType: 'MINOR',
  status: 'SUCCESS',
  state: { status: 'succeeded', committedTasks: 2 },
  failReason: null,
  duration: 5470,
  successTasks: 2,
  totalTasks: 2,
  runningTasks: 0,
  finishTime: T0 + 5470,
  inputFiles: files(401, 29_989_273),
  outputFiles: files(1, 15_833_498),
  summary: {},
  groupName: 'default',
  isRequested: false,
  healthBefore: 12,
}

const TASK: TaskEntry = {
  tableId: 1,
  processId: '18',
  taskId: 1,
  partitionData: 'region=eu',
  status: 'SUCCESS',
  retryNum: 0,
  optimizerToken: 'one',
  threadId: 0,
  startTime: T0,
  endTime: T0 + 4900,
  costTime: 4900,
  failReason: null,
  inputFiles: files(400, 2048),
  outputFiles: files(1, 1024),
  summary: {},
  properties: { method: 'concat' },
  cost: { method: 'rewrite', records: 800_000, elapsedMs: 4800, cpuMs: 4200, peakRssBytes: 3 * 1024 * 1024 },
}

/** Columns of each line, whatever their widths. */
const cells = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/))

test('processes show what they began with and what they left; what was not committed has no after', () => {
  const failed: OptimizingProcessBody = {
    ...PROCESS,
    processId: '17',
    state: { status: 'failed', committedTasks: null },
    failReason: 'no such file',
    successTasks: 0,
  }
  assert.deepEqual(cells(processesText('db.orders', { list: [PROCESS, failed], total: 7 })), [
    ['process', 'type', 'status', 'began', 'took', 'tasks', 'files', 'size'],
    ['18', 'minor', 'succeeded', '2026-01-31T00:00:00.000Z', '5.5 s', '2 of 2', '401 -> 1', '28.6 MiB -> 15.1 MiB'],
    ['17', 'minor', 'failed', '2026-01-31T00:00:00.000Z', '5.5 s', '0 of 2', '401', '28.6 MiB'],
    ['17: no such file'],
    ['2 of 7 processes; --limit shows more'],
    [''],
  ])
  assert.equal(processesText('db.orders', { list: [], total: 0 }), 'db.orders: no process has been made of it\n')
})

test('tasks show their cost: time, CPU, memory and the method that was used', () => {
  const failing: TaskEntry = { ...TASK, taskId: 2, partitionData: '', status: 'PLANNED', retryNum: 2, cost: null }
  const list = [TASK, { ...failing, optimizerToken: null, costTime: 0, failReason: 'out of memory' }]
  assert.deepEqual(cells(tasksText('18', { list, total: 2 })), [
    ['process 18: 2 tasks, 4.2 s of CPU'],
    ['task', 'partition', 'status', 'retries', 'took', 'files', 'size', 'method', 'cpu', 'memory', 'optimizer'],
    ['1', 'region=eu', 'success', '0', '4.9 s', '400 -> 1', '2 KiB -> 1 KiB', 'rewrite', '4.2 s', '3 MiB', 'one'],
    ['2', 'the table', 'planned', '2', '0 ms', '400', '2 KiB', 'concat'],
    ['task 2: out of memory'],
    [''],
  ])
})
