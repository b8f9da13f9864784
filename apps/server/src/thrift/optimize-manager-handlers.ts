import { AmoroErrorCode, ATTEMPT_PROPERTY, amoroException, optimizeManager } from '@moraine/api/thrift/optimize-manager'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { type BoundService, bindService } from '@moraine/thrift/dispatch'
import type { OptimizingService, ReportAnswer, TaskReport } from '../optimizing/optimizing-service.ts'

export type OptimizeManagerDeps = {
  readonly service: OptimizingService
  /** Cancels a process; false if it is not its table's current one. */
  readonly cancelProcess: (processId: ProcessId) => Promise<boolean>
  /** `thrift://host:port` of the live nodes. */
  readonly nodeUrls: () => readonly string[]
  readonly signal: AbortSignal
}

/** The optimizing service on its wire: every refusal becomes the error code that optimizers act on. */
export function optimizeManagerHandlers({
  service,
  cancelProcess,
  nodeUrls,
  signal,
}: OptimizeManagerDeps): BoundService {
  return bindService(optimizeManager, {
    ping: async () => undefined,
    authenticate: async ({ registerInfo }) => {
      const { resourceId, threadCount, memoryMb, groupName, properties } = registerInfo
      const answer = await service.register({
        group: groupName,
        resourceId,
        threads: threadCount,
        memoryMb,
        properties: Object.fromEntries(properties ?? []),
      })
      if (answer.kind === 'registered') return answer.token
      throw answer.why === 'unknown-group'
        ? refuse('objectNotExists', answer.reason)
        : refuse('forbidden', answer.reason)
    },
    touch: async ({ authToken }) => expectKnown(await service.touch(authToken)),
    pollTask: async ({ authToken, threadId }) => {
      const answer = await service.poll(authToken, threadId, signal)
      if (answer.kind === 'unknown') throw registerAgain()
      if (answer.kind === 'nothing') return undefined
      const { processId, taskId, assignment, input } = answer.task
      return {
        taskId: { processId: BigInt(processId), taskId },
        taskInput: Buffer.from(input),
        properties: new Map([[ATTEMPT_PROPERTY, String(assignment.attempt)]]),
      }
    },
    ackTask: async ({ authToken, threadId, taskId }) =>
      expectAccepted(await service.ack(authToken, { ...identify(taskId), threadId, attempt: undefined })),
    completeTask: async ({ authToken, taskResult }) => {
      const { taskId, threadId, taskOutput, errorMessage, summary } = taskResult
      const attempt = summary?.get(ATTEMPT_PROPERTY)
      const end =
        errorMessage !== undefined || taskOutput === undefined
          ? { kind: 'failure' as const, reason: errorMessage ?? 'the optimizer sent neither an output nor a reason' }
          : { kind: 'output' as const, payload: Buffer.from(taskOutput).toString('utf8') }
      const report = {
        ...identify(taskId),
        threadId,
        attempt: attempt === undefined ? undefined : Number(attempt),
        end,
      }
      expectAccepted(await service.complete(authToken, report))
    },
    cancelProcess: ({ processId }) => cancelProcess(processIdOf(processId)),
    getOptimizingNodeUrls: async () => nodeUrls(),
    findUnwanted: async ({ authToken, running }) => {
      const reports = running.map(
        ({ taskId, threadId, attempt }): TaskReport => ({ ...identify(taskId), threadId, attempt }),
      )
      const unwanted = await service.findUnwanted(authToken, reports)
      if (unwanted === 'unknown') throw registerAgain()
      return unwanted.map(({ processId, taskId, threadId, attempt }) => ({
        taskId: { processId: BigInt(processId), taskId },
        threadId,
        attempt: attempt ?? 0,
      }))
    },
    drain: async ({ authToken }) => expectKnown(await service.drain(authToken)),
    leave: async ({ authToken }) => expectKnown(await service.leave(authToken)),
  })
}

function identify({ processId, taskId }: { readonly processId: bigint; readonly taskId: number }) {
  return { processId: processIdOf(processId), taskId: taskId as TaskId }
}

// Text order of process ids is time order, so they all have 19 digits.
function processIdOf(processId: bigint): ProcessId {
  return processId.toString().padStart(19, '0') as ProcessId
}

function expectKnown(answer: 'known' | 'unknown'): undefined {
  if (answer === 'unknown') throw registerAgain()
  return undefined
}

function expectAccepted(answer: ReportAnswer): undefined {
  if (answer.kind === 'accepted') return undefined
  if (answer.kind === 'unknown') throw registerAgain()
  throw answer.why === 'no-such-task'
    ? refuse('taskNotFound', 'there is no such task')
    : refuse('illegalTaskState', `the report is stale: ${answer.why}`)
}

function registerAgain(): Error {
  return refuse('registerAgain', 'the token is not that of a live optimizer; register again')
}

function refuse(code: keyof typeof AmoroErrorCode, message: string): Error {
  return amoroException.make({ errorCode: AmoroErrorCode[code], errorName: code, message })
}
