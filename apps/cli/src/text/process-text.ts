import type { OptimizingProcessBody, TaskEntry } from '@moraine/api/rest/process-schemas'
import type { ApiList } from '@moraine/client/managed-tables-api'
import { counted, humanBytes, humanDuration } from '@moraine/stdx/human-text'
import { momentText } from './moment-text.ts'
import { partitionText } from './partition-text.ts'
import { textTable } from './table-text.ts'

/** Optimizing processes of a table: what each began with, what it left, and how long that took. */
export function processesText(name: string, { list, total }: ApiList<OptimizingProcessBody>): string {
  if (total === 0) return `${name}: no process has been made of it\n`
  const rows = list.map((process) => [
    process.processId,
    process.optimizingType.toLowerCase(),
    process.state.status,
    momentText(process.startTime),
    humanDuration(process.duration),
    `${process.successTasks} of ${process.totalTasks}`,
    ...beforeAndAfter(process, process.state.status === 'succeeded'),
  ])
  const head = ['process', 'type', 'status', 'began', 'took', 'tasks', 'files', 'size']
  return lines(
    textTable(head, rows),
    reasons(list, ({ processId }) => processId),
    list.length,
    total,
    'processes',
  )
}

/** Tasks of one process: what each read, wrote and took. */
export function tasksText(processId: string, { list, total }: ApiList<TaskEntry>): string {
  const rows = list.map((task) => [
    task.taskId,
    partitionText(task.partitionData),
    task.status.toLowerCase(),
    task.retryNum,
    humanDuration(task.costTime),
    ...beforeAndAfter(task, task.cost !== null),
    task.cost?.method ?? task.properties['method'] ?? '',
    task.cost === null ? '' : humanDuration(task.cost.cpuMs),
    task.cost === null ? '' : humanBytes(task.cost.peakRssBytes),
    task.optimizerToken ?? '',
  ])
  const head = [
    'task',
    'partition',
    'status',
    'retries',
    'took',
    'files',
    'size',
    'method',
    'cpu',
    'memory',
    'optimizer',
  ]
  const cpuMs = list.reduce((sum, { cost }) => sum + (cost?.cpuMs ?? 0), 0)
  const table = `process ${processId}: ${counted(total, 'task')}, ${humanDuration(cpuMs)} of CPU\n${textTable(head, rows)}`
  return lines(
    table,
    reasons(list, ({ taskId }) => `task ${taskId}`),
    list.length,
    total,
    'tasks',
  )
}

type Files = { readonly fileCnt: number; readonly totalSize: number }

function beforeAndAfter(
  { inputFiles, outputFiles }: { readonly inputFiles: Files; readonly outputFiles: Files },
  hasOutput: boolean,
): readonly string[] {
  if (!hasOutput) return [String(inputFiles.fileCnt), humanBytes(inputFiles.totalSize)]
  return [
    `${inputFiles.fileCnt} -> ${outputFiles.fileCnt}`,
    `${humanBytes(inputFiles.totalSize)} -> ${humanBytes(outputFiles.totalSize)}`,
  ]
}

function reasons<T extends { readonly failReason: string | null }>(
  list: readonly T[],
  nameOf: (each: T) => string,
): readonly string[] {
  return list.flatMap((each) => (each.failReason === null ? [] : [`${nameOf(each)}: ${each.failReason}`]))
}

function lines(table: string, notes: readonly string[], shown: number, total: number, what: string): string {
  const cut = shown === total ? [] : [`${shown} of ${total} ${what}; --limit shows more`]
  return `${[table, ...notes, ...cut].join('\n')}\n`
}
