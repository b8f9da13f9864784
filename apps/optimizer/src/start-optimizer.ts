import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { optimizeManager } from '@moraine/api/thrift/optimize-manager'
import { formatRewriteResult } from '@moraine/maintenance/plan/rewrite-result-json'
import { parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { executeTask } from '@moraine/rewrite/execute-task'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { thriftClient } from '@moraine/thrift/client'
import { anyServer } from './any-server.ts'
import { runOptimizer } from './optimizer.ts'
import { peerHint } from './peer-hint.ts'
import type { OptimizerLog } from './session.ts'
import { parseThriftAddresses, type ThriftAddress } from './thrift-address.ts'
import { readTrusted } from './trusted-certificates.ts'
import { makeWorkDirectory } from './work-directory.ts'

export type StartOptimizerOptions = {
  /** Of the servers that share the work's database; one of them leads. */
  readonly servers: readonly [ThriftAddress, ...ThriftAddress[]]
  /** PEM of who has to have issued their certificates, where they have TLS; by default what Node trusts. */
  readonly caFile?: string
  readonly group: string
  readonly threads: number
  /** DuckDB's limit for each thread. */
  readonly memoryMb: number
  /** By default what the container that launched this process says in `MORAINE_RESOURCE_ID`. */
  readonly resourceId?: string
  /** Of its group; by default what `MORAINE_GROUP_SECRET` says. */
  readonly groupSecret?: string
  /** Hears by which id each registration is listed, if the service tells. */
  readonly onRegistered?: (optimizerId: string | undefined) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: OptimizerLog
}

const HEARTBEAT_MS = 10_000
const DRAIN_TIMEOUT_MS = 15_000
const TASK_TIMEOUT_MS = 55 * 60_000

/**
 * Runs an optimizer in this process until `stop` aborts: one connection, one DuckDB child a thread, one work directory.
 *
 * @throws {MoraineError} `permission` if the service refuses it for good; naming `caFile` and what is wrong with it
 */
export async function startOptimizer(options: StartOptimizerOptions, stop: AbortSignal): Promise<void> {
  const { servers, threads, memoryMb, clock, random } = options
  const resourceId = options.resourceId ?? process.env['MORAINE_RESOURCE_ID']
  const groupSecret = options.groupSecret ?? process.env['MORAINE_GROUP_SECRET']
  const connection = anyServer(servers, { clock, trusted: await readTrusted(options.caFile, servers) })
  const pool = new DuckDbPool({ clock, size: threads, memoryLimitBytes: memoryMb * 1024 * 1024 })
  const workDir = await makeWorkDirectory(tmpdir())
  const runTask = async (input: string, signal: AbortSignal) => {
    const task = parseRewriteTask(input)
    const io = openStorage(task.storage, { clock, random })
    const context = { io, workDir, pool, random, clock, signal, timeoutMs: TASK_TIMEOUT_MS, onProgress: () => {} }
    return formatRewriteResult(await executeTask(task, context))
  }
  try {
    const client = thriftClient(optimizeManager, connection)
    await runOptimizer(
      {
        ...options,
        ...(resourceId !== undefined && { resourceId }),
        ...(groupSecret !== undefined && { groupSecret }),
        client,
        runTask,
        onServers: (urls) => connection.learn(urls.flatMap(readAddress)),
        heartbeatIntervalMs: HEARTBEAT_MS,
        drainTimeoutMs: DRAIN_TIMEOUT_MS,
        peerHint: (error, signal) => {
          const peer = { ...connection.current(), hasAnswered: connection.hasAnswered(), clock }
          return peerHint(error, peer, signal)
        },
      },
      stop,
    )
  } finally {
    await connection.close()
    await pool.close()
    await rm(workDir, { recursive: true, force: true })
  }
}

/** What a server says of others is not to be trusted blindly. */
function readAddress(url: string): readonly ThriftAddress[] {
  try {
    return parseThriftAddresses(url)
  } catch {
    return []
  }
}
