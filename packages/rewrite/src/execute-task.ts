import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RewriteGroup } from '@moraine/maintenance/plan/rewrite-plan'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { unreachable } from '@moraine/stdx/assert'
import { startDeadline } from '@moraine/stdx/deadline'
import { MoraineError } from '@moraine/stdx/error'
import { uuidV7 } from '@moraine/stdx/random'
import { makeDirectories } from '@moraine/storage/make-directories'
import { blaming } from './blaming.ts'
import { concatData } from './concat-data.ts'
import { convertDeletes } from './convert-deletes.ts'
import { PublishedFiles } from './output/published-files.ts'
import { rewriteData } from './rewrite-data.ts'
import type { TaskContext } from './task-context.ts'
import type { TaskOutcome } from './task-outcome.ts'

/**
 * Runs one task: writes its outputs, proves them equal to their inputs, and tells what a commit needs to know. Nothing of
 * the table is changed: until a commit names the outputs, no reader sees them.
 *
 * On failure, and when the signal aborts, every output is removed. The task directory is removed in any case.
 *
 * @throws {MoraineError} naming the file and what to do, an unreadable one of the group also as `unreadableFile` in the
 *   error's context; `timeout` after `context.timeoutMs`
 */
export async function executeTask(task: RewriteTask, context: TaskContext): Promise<RewriteResult> {
  const startedMs = context.clock.monotonicMs()
  const startedCpu = process.cpuUsage()
  const published = new PublishedFiles(context.io, context.random)
  const outcome = await withDeadline(context, async (bounded) => {
    const directory = await makeTaskDirectory(bounded)
    try {
      return await runMethod(task, bounded, directory, published)
    } catch (error) {
      await published.removeAll()
      throw blaming(error, task.group)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
  const own = process.cpuUsage(startedCpu)
  const { child, ...rest } = outcome
  return {
    resultVersion: 1,
    groupId: task.group.groupId,
    ...rest,
    cost: {
      elapsedMs: Math.round(context.clock.monotonicMs() - startedMs),
      cpuMs: Math.round((own.user + own.system) / 1000 + (child?.cpuMs ?? 0)),
      peakRssBytes: child?.peakRssBytes ?? process.memoryUsage.rss(),
      inputBytes: sum(task.group.inputs) + sum(task.group.deletes),
      outputBytes: sum(outcome.dataFiles) + sum(outcome.deleteFiles),
    },
  }
}

async function runMethod(
  task: RewriteTask,
  context: TaskContext,
  directory: string,
  published: PublishedFiles,
): Promise<TaskOutcome> {
  const { method } = task.group
  checkFormats(task.group)
  switch (method.kind) {
    case 'rewrite':
      return rewriteData(task, context, directory, published)
    case 'concat': {
      const outcome = await concatData(task, context, published)
      if (!('kind' in outcome)) return outcome
      const reason = `not concatenated: ${outcome.reason}`
      return rewriteData(
        { ...task, group: { ...task.group, method: { kind: 'rewrite', reason } } },
        context,
        directory,
        published,
      )
    }
    case 'convert-deletes':
      return convertDeletes(task, context, directory, published)
    default:
      return unreachable(method.kind)
  }
}

// Plans leave such files out, with the reason; a task of another origin may have them.
function checkFormats({ inputs, deletes }: RewriteGroup): void {
  const foreign =
    inputs.find((input) => input.fileFormat !== 'parquet') ??
    deletes.find((input) => input.fileFormat !== 'parquet' && input.fileFormat !== 'puffin')
  if (foreign === undefined) return
  throw new MoraineError(
    'unsupported',
    `${foreign.filePath} is in ${foreign.fileFormat}; only Parquet files are rewritten`,
  )
}

async function makeTaskDirectory({ workDir, random, clock }: TaskContext): Promise<string> {
  if (/[*?[\]{}\\]/.test(workDir)) {
    throw new MoraineError(
      'invalid-input',
      `the work directory ${workDir} has one of * ? [ ] { } \\ in its path, which DuckDB takes for a pattern; use another`,
    )
  }
  const directory = join(workDir, `task-${uuidV7(random, clock.now())}`)
  await makeDirectories(directory)
  return directory
}

/** What is late is waited for: it removes its outputs. */
async function withDeadline<T>(context: TaskContext, work: (bounded: TaskContext) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, signal } = context
  const deadline = startDeadline(clock, { ms: timeoutMs, what: 'the task', remedy: 'it was stopped', signal })
  try {
    return await work({ ...context, signal: deadline.signal })
  } finally {
    deadline.end()
  }
}

function sum(files: readonly { readonly fileSizeBytes: number }[]): number {
  return files.reduce((total, file) => total + file.fileSizeBytes, 0)
}
