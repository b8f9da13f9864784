import { ERROR_CODES } from '@moraine/api/error-codes'
import {
  AmoroErrorCode,
  ATTEMPT_PROPERTY,
  amoroException,
  GROUP_SECRET_PROPERTY,
  HEARTBEAT_PROPERTY,
  optimizeManager,
  PAYLOAD_VERSIONS_PROPERTY,
} from '@moraine/api/thrift/optimize-manager'
import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { type BoundService, bindService, type Handlers } from '@moraine/thrift/dispatch'
import type { OptimizingService, PollAnswer, ReportAnswer, TaskReport } from '../optimizing/optimizing-service.ts'
import type { Log } from '../service/log.ts'

export type OptimizeManagerDeps = {
  readonly service: OptimizingService
  /** Cancels a process; false if it is not its table's current one. */
  readonly cancelProcess: (processId: ProcessId) => Promise<boolean>
  /** `thrift://host:port` of the live nodes. */
  readonly nodeUrls: () => Promise<readonly string[]>
  readonly log: Log
}

type OptimizeManagerHandlers = Handlers<(typeof optimizeManager)['methods']>

/** The optimizing service on its wire: every refusal and every failure becomes a code that optimizers act on. */
export function optimizeManagerHandlers(deps: OptimizeManagerDeps): BoundService {
  const { service, log } = deps
  return bindService(optimizeManager, {
    ping: async () => undefined,
    authenticate: coded(log, async ({ registerInfo }) => register(service, registerInfo)),
    touch: coded(log, async ({ authToken }) => expectKnown(await service.touch(authToken))),
    pollTask: coded(log, async ({ authToken, threadId }, { signal }) =>
      polledTask(await service.poll(authToken, threadId, signal)),
    ),
    ackTask: coded(log, async ({ authToken, threadId, taskId }) =>
      expectAccepted(await service.ack(authToken, reportOf(taskId, threadId))),
    ),
    completeTask: coded(log, async ({ authToken, taskResult }) =>
      expectAccepted(await service.complete(authToken, endOf(taskResult))),
    ),
    cancelProcess: ({ processId }) => deps.cancelProcess(processIdOf(processId)),
    getOptimizingNodeUrls: () => deps.nodeUrls(),
    findUnwanted: coded(log, async ({ authToken, running }) => {
      const reports = running.map(({ taskId, threadId }) => reportOf(taskId, threadId))
      const unwanted = await service.findUnwanted(authToken, reports)
      if (unwanted === 'unknown') throw registerAgain()
      return unwanted.map((report) => ({ taskId: taskIdOf(report), threadId: report.threadId }))
    }),
    findStanding: coded(log, async ({ authToken }) => {
      const standing = await service.findStanding(authToken)
      if (standing === 'unknown') throw registerAgain()
      return standing
    }),
    drain: coded(log, async ({ authToken }) => expectKnown(await service.drain(authToken))),
    leave: coded(log, async ({ authToken }) => expectKnown(await service.leave(authToken))),
  })
}

/** Our errors travel as the exception that is declared for it; what is not ours is a bug and is logged. */
function coded<A, C, R>(log: Log, handler: (args: A, context: C) => Promise<R>): (args: A, context: C) => Promise<R> {
  return async (args, context) => {
    try {
      return await handler(args, context)
    } catch (error) {
      if (amoroException.match(error) !== undefined) throw error
      log.error({ failure: describeError(error) }, 'a call of an optimizer failed')
      const { kind, message } =
        error instanceof MoraineError ? error : { kind: 'internal' as const, message: 'internal error' }
      throw amoroException.make({ errorCode: ERROR_CODES[kind].amoro, errorName: kind, message })
    }
  }
}

type RegisterInfo = Parameters<OptimizeManagerHandlers['authenticate']>[0]['registerInfo']

async function register(
  service: OptimizingService,
  { resourceId, threadCount, memoryMb, groupName, properties }: RegisterInfo,
): Promise<string> {
  const { [GROUP_SECRET_PROPERTY]: secret, ...others } = Object.fromEntries(properties ?? [])
  const { [PAYLOAD_VERSIONS_PROPERTY]: versions = '', [HEARTBEAT_PROPERTY]: interval } = others
  const answer = await service.register({
    group: groupName,
    resourceId,
    threads: threadCount,
    memoryMb,
    properties: others,
    payloadVersions: versions.split(',').map((version) => version.trim()),
    heartbeatIntervalMs: interval === undefined ? undefined : Number(interval),
    secret,
  })
  if (answer.kind === 'registered') return answer.token
  throw refuse(answer.why === 'unknown-group' ? 'objectNotExists' : 'forbidden', answer.reason)
}

function polledTask(answer: PollAnswer) {
  if (answer.kind === 'unknown') throw registerAgain()
  if (answer.kind === 'nothing') return undefined
  const { assignment, input } = answer.task
  return {
    taskId: taskIdOf({ ...answer.task, attempt: assignment.attempt }),
    taskInput: Buffer.from(input),
    properties: new Map([[ATTEMPT_PROPERTY, String(assignment.attempt)]]),
  }
}

type TaskResult = Parameters<OptimizeManagerHandlers['completeTask']>[0]['taskResult']
type WireTaskId = TaskResult['taskId']

function endOf({ taskId, threadId, taskOutput, errorMessage, summary }: TaskResult) {
  const report = reportOf(taskId, threadId)
  const echoed = summary?.get(ATTEMPT_PROPERTY)
  const attempt = report.attempt ?? (echoed === undefined ? undefined : Number(echoed))
  const end =
    errorMessage !== undefined || taskOutput === undefined
      ? { kind: 'failure' as const, reason: errorMessage ?? 'the optimizer sent neither an output nor a reason' }
      : { kind: 'output' as const, payload: Buffer.from(taskOutput).toString('utf8') }
  return { ...report, attempt, end }
}

function reportOf({ processId, taskId, attempt }: WireTaskId, threadId: number): TaskReport {
  return { processId: processIdOf(processId), taskId: taskId as TaskId, threadId, attempt }
}

function taskIdOf({ processId, taskId, attempt }: Pick<TaskReport, 'processId' | 'taskId' | 'attempt'>): WireTaskId {
  return { processId: BigInt(processId), taskId, ...(attempt !== undefined && { attempt }) }
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
