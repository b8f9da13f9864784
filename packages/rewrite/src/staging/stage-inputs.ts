import type { DataInput } from '@moraine/maintenance/plan/rewrite-plan'
import { mapBounded } from '@moraine/stdx/bounded'
import type { ReadPlan } from '../read-plan/read-plan.ts'
import type { TaskContext } from '../task-context.ts'
import { namingFile } from './naming-file.ts'
import { type PreparedFile, prepareFile, stagedPath } from './prepared-file.ts'
import { stageFile } from './stage-file.ts'

/** Brings the data files of a task into its directory and reads their footers, in the order given. */
export async function stageInputs(
  inputs: readonly DataInput[],
  plan: ReadPlan,
  context: TaskContext,
  directory: string,
): Promise<readonly PreparedFile[]> {
  let done = 0
  return mapBounded(
    inputs,
    STAGING_LIMIT,
    async (input, signal, ordinal) => {
      const file = { location: input.filePath, sizeBytes: input.fileSizeBytes }
      const staged = await stageFile(context.io, file, stagedPath(directory, 'data', ordinal), signal)
      const prepared = await namingFile(input.filePath, () => prepareFile(staged, input, plan, signal))
      done += 1
      context.onProgress({ phase: 'staging', fraction: done / inputs.length })
      return prepared
    },
    context.signal,
  )
}

/** How many files are brought in at once. */
export const STAGING_LIMIT = 4
