import { optimizeManager } from '@moraine/api/thrift/optimize-manager'
import { formatRewriteResult } from '@moraine/maintenance/plan/rewrite-result-json'
import { parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { runOptimizer } from '@moraine/optimizer/optimizer'
import { systemClock } from '@moraine/stdx/clock'
import { thriftClient } from '@moraine/thrift/client'
import { ThriftConnection } from '@moraine/thrift/connection'
import { clockMs } from './telling-lake.ts'

/** Optimizers over the real protocol, to whom every task is empty. */
export type IdleOptimizers = {
  /** When each process' first task reached a thread, as `clockMs` says it. */
  readonly receivedOfProcess: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** @param threads of each optimizer, which has one connection */
export function startIdleOptimizers(thriftPort: number, optimizers: number, threads: number): IdleOptimizers {
  const stop = new AbortController()
  const receivedOfProcess = new Map<string, number>()
  const all = Array.from({ length: optimizers }, async () => {
    const connection = new ThriftConnection({ host: '127.0.0.1', port: thriftPort, clock: systemClock })
    const client = thriftClient(optimizeManager, connection)
    const pollTask: typeof client.pollTask = async (args, options) => {
      const task = await client.pollTask(args, options)
      const processId = task?.taskId.processId.toString().padStart(PROCESS_DIGITS, '0')
      if (processId !== undefined && !receivedOfProcess.has(processId)) receivedOfProcess.set(processId, clockMs())
      return task
    }
    const options = {
      ...{ client: { ...client, pollTask }, group: 'default', threads, memoryMb: 512 },
      ...{ heartbeatIntervalMs: 10_000, drainTimeoutMs: 1000, clock: systemClock },
      runTask: async (input: string) => emptyResult(input),
      log: () => {},
    }
    try {
      await runOptimizer(options, stop.signal)
    } finally {
      await connection.close()
    }
  })
  return {
    receivedOfProcess,
    async stop() {
      stop.abort()
      await Promise.all(all)
    },
  }
}

const PROCESS_DIGITS = 19

/** What comes of files that hold no row. */
function emptyResult(input: string): string {
  const { group } = parseRewriteTask(input)
  const hash = '0'.repeat(32)
  return formatRewriteResult({
    resultVersion: 1,
    groupId: group.groupId,
    method: { kind: 'rewrite', reason: 'the inputs hold no row' },
    dataFiles: [],
    deleteFiles: [],
    evidence: { kind: 'row-hash', inputRows: 0, deletedRows: 0, outputRows: 0, inputHash: hash, outputHash: hash },
    cost: { elapsedMs: 0, cpuMs: 0, peakRssBytes: 0, inputBytes: 0, outputBytes: 0 },
  })
}
