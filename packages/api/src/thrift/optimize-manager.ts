import { exception, method, service } from '@moraine/thrift/service'
import { f, opt, struct } from '@moraine/thrift/struct'
import { binary, bool, i32, i64, list, map, string } from '@moraine/thrift/thrift-type'

// The optimizing service as Amoro's IDL declares it (amoro_optimizing_service.thrift), and, behind it, what we add.

export const amoroException = exception('AmoroException', {
  errorCode: f(1, i32),
  errorName: f(2, string),
  message: f(3, string),
})

/** Codes of {@link amoroException} that optimizers act on. */
export const AmoroErrorCode = {
  undefined: -1,
  persistence: 1000,
  objectNotExists: 1001,
  alreadyExists: 1002,
  illegalMetadata: 1003,
  forbidden: 1004,
  taskNotFound: 2001,
  taskRuntimeError: 2002,
  illegalTaskState: 2004,
  /** The token is unknown: register again. */
  registerAgain: 2006,
} as const

/** Whether the same call may succeed if it is made again: something behind the service failed, not the call. */
export function isRetryableCode(code: number): boolean {
  return code === AmoroErrorCode.persistence || code === AmoroErrorCode.undefined
}

const optimizingTaskId = struct('OptimizingTaskId', {
  processId: f(1, i64),
  taskId: f(2, i32),
  /** Ours: which run of the task is meant; a report about another one is refused. */
  attempt: opt(3, i32),
})

const optimizingTask = struct('OptimizingTask', {
  taskId: f(1, optimizingTaskId),
  /** A `RewriteTask` as JSON. */
  taskInput: opt(2, binary),
  properties: opt(3, map(string, string)),
})

const optimizingTaskResult = struct('OptimizingTaskResult', {
  taskId: f(1, optimizingTaskId),
  threadId: f(2, i32),
  /** A `RewriteResult` as JSON. */
  taskOutput: opt(3, binary),
  errorMessage: opt(4, string),
  summary: opt(5, map(string, string)),
})

const optimizerRegisterInfo = struct('OptimizerRegisterInfo', {
  resourceId: opt(1, string),
  threadCount: f(2, i32),
  memoryMb: f(3, i32),
  startTime: f(4, i64),
  groupName: f(5, string),
  properties: opt(6, map(string, string)),
})

/** A task that an optimizer believes to run. */
const runningTask = struct('RunningTask', { taskId: f(1, optimizingTaskId), threadId: f(2, i32) })

/** What the service has of an optimizer. */
const optimizerStanding = struct('OptimizerStanding', {
  /** By which it is listed; its token is for itself alone. */
  optimizerId: f(1, string),
  /** Why it is given no more tasks; absent while it is. */
  drainReason: opt(2, string),
})

/** Amoro's own way to name the attempt: a property of the task, echoed in the summary of its result. */
export const ATTEMPT_PROPERTY = 'task-attempt-id'
/** Properties of a registration. */
export const HEARTBEAT_PROPERTY = 'heart-beat-interval'
export const PAYLOAD_VERSIONS_PROPERTY = 'payload-versions'
/** Of a registration: the secret of its group, where the service asks for it. Never stored. */
export const GROUP_SECRET_PROPERTY = 'group-secret'

const token = { authToken: f(1, string) }

export const optimizeManager = service('OptimizeManager', {
  ping: method({}, null),
  authenticate: method({ registerInfo: f(1, optimizerRegisterInfo) }, string, [amoroException]),
  touch: method(token, null, [amoroException]),
  /** A long poll; without a task the reply has no value. */
  pollTask: method({ ...token, threadId: f(2, i32) }, optimizingTask, [amoroException]),
  ackTask: method({ ...token, threadId: f(2, i32), taskId: f(3, optimizingTaskId) }, null, [amoroException]),
  completeTask: method({ ...token, taskResult: f(2, optimizingTaskResult) }, null, [amoroException]),
  cancelProcess: method({ processId: f(1, i64) }, bool),
  getOptimizingNodeUrls: method({}, list(string)),
  /** Ours: which of the running tasks must be stopped, because they were canceled or given to somebody else. */
  findUnwanted: method({ ...token, running: f(2, list(runningTask)) }, list(runningTask), [amoroException]),
  /** Ours: what the optimizer may tell of itself. */
  findStanding: method(token, optimizerStanding, [amoroException]),
  /** Ours: the optimizer takes no more tasks. */
  drain: method(token, null, [amoroException]),
  /** Ours: the optimizer is done and goes. */
  leave: method(token, null, [amoroException]),
})
