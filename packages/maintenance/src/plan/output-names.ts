import { coveringDeleteName } from './delete-state.ts'
import type { TaskOutput } from './rewrite-task.ts'

/** How one attempt names its files: no other attempt of any task has the same. */
export type AttemptOutput = Pick<TaskOutput, 'directory' | 'filePrefix'>

/** `subdirectory` is the partition's that rows were moved to, with a trailing slash. `at` counts an attempt's files. */
export function dataFileLocation({ directory, filePrefix }: AttemptOutput, at: number, subdirectory = ''): string {
  return `${directory}${subdirectory}${filePrefix}-${at}.parquet`
}

/** A position delete file with all deletes of a data file up to `coveredSequence`. */
export function deleteFileLocation(
  { directory, filePrefix }: AttemptOutput,
  at: number,
  dataFilePath: string,
  coveredSequence: number,
): string {
  return `${directory}${coveringDeleteName(dataFilePath, coveredSequence, `${filePrefix}-${at}`, 'parquet')}`
}

/** The one Puffin file with the deletion vectors of an attempt. */
export function vectorFileLocation({ directory, filePrefix }: AttemptOutput, coveredSequence: number): string {
  return `${directory}${coveringDeleteName(`${filePrefix}.puffin`, coveredSequence, '0', 'puffin')}`
}

/** Whether a file name is of an attempt. A delete file is named after its data file first, then after the attempt. */
export function isNameOfAttempt(name: string, filePrefix: string): boolean {
  return name.startsWith(`${filePrefix}-`) || name.includes(`-${filePrefix}-`)
}
