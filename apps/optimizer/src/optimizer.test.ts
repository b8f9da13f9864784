import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmoroErrorCode, amoroException, optimizeManager } from '@moraine/api/thrift/optimize-manager'
import type { EpochMs } from '@moraine/stdx/brand'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { thriftClient } from '@moraine/thrift/client'
import { ThriftConnection } from '@moraine/thrift/connection'
import { bindService, type Handlers } from '@moraine/thrift/dispatch'
import { startThriftServer } from '@moraine/thrift/server'
import { type OptimizerOptions, runOptimizer } from './optimizer.ts'

type Script = Partial<Omit<Handlers<(typeof optimizeManager)['methods']>, 'pollTask'>>

const refuse = (code: keyof typeof AmoroErrorCode, message: string = code) =>
  amoroException.make({ errorCode: AmoroErrorCode[code], errorName: code, message })

const task = (attempt: number, input = 'input') => ({
  taskId: { processId: 7n, taskId: 1, attempt },
  taskInput: Buffer.from(input),
})

/** A service that does what the test says, behind a real socket, and an optimizer that talks to it. */
async function setUp(script: Script, parts: Partial<OptimizerOptions> = {}) {
  const calls: string[] = []
  const polls: ((answer: ReturnType<typeof task> | undefined) => void)[] = []
  const waiting = new Map<string, () => void>()
  const seen = (call: string) => {
    calls.push(call)
    waiting.get(call)?.()
  }
  const called = (call: string) =>
    calls.includes(call) ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(call, resolve))
  const recorded = Object.fromEntries(
    Object.entries({ ...QUIET, ...script }).map(([name, handler]) => [
      name,
      (args: never, context: never) => {
        seen(name)
        return (handler as (args: never, context: never) => unknown)(args, context)
      },
    ]),
  ) as unknown as Handlers<(typeof optimizeManager)['methods']>
  const handlers: Handlers<(typeof optimizeManager)['methods']> = {
    ...recorded,
    pollTask: () =>
      new Promise((resolve) => {
        polls.push(resolve)
        seen(`poll ${polls.length}`)
      }),
  }
  const server = await startThriftServer({
    host: '127.0.0.1',
    port: 0,
    services: [bindService(optimizeManager, handlers)],
    clock: systemClock,
    onFailure: () => {},
  })
  const connection = new ThriftConnection({ host: '127.0.0.1', port: server.port, clock: systemClock })
  const stop = new AbortController()
  const options: OptimizerOptions = {
    client: thriftClient(optimizeManager, connection),
    group: 'default',
    threads: 1,
    memoryMb: 512,
    heartbeatIntervalMs: 3_600_000,
    drainTimeoutMs: 3_600_000,
    runTask: async (input) => `${input} done`,
    clock: impatientClock,
    log: (message) => seen(message),
    ...parts,
  }
  const done = runOptimizer(options, stop.signal)
  done.catch(() => undefined)
  const finish = async () => {
    stop.abort()
    for (const resolve of polls) resolve(undefined)
    await done.catch(() => undefined)
    await connection.close()
    await server.stop(0)
  }
  return { calls, polls, called, stop, done, finish }
}

const QUIET: Script = {
  ping: () => undefined,
  authenticate: () => 'token',
  touch: () => undefined,
  ackTask: () => undefined,
  completeTask: () => undefined,
  cancelProcess: () => false,
  getOptimizingNodeUrls: () => [],
  findUnwanted: () => [],
  findStanding: () => ({ optimizerId: 'o-1' }),
  drain: () => undefined,
  leave: () => undefined,
}

/** Short pauses pass at once; those of an hour never do. */
const impatientClock: Clock = {
  now: () => 0 as EpochMs,
  monotonicMs: () => 0,
  sleep: (ms, signal) => systemClock.sleep(ms >= 3_600_000 ? 1e9 : 1, signal),
}

test('the memory it registers with is that of all its threads', async () => {
  const registered: string[] = []
  const authenticate: Script['authenticate'] = ({ registerInfo }) => {
    registered.push(`${registerInfo.threadCount} threads, ${registerInfo.memoryMb} MB`)
    return 'token'
  }
  const { called, finish } = await setUp({ authenticate }, { threads: 3, memoryMb: 512 })
  await called('poll 3')
  assert.deepEqual(registered, ['3 threads, 1536 MB'])
  await finish()
})

test('a task is acknowledged, executed and its result delivered, and the next one asked for', async () => {
  const results: string[] = []
  const { polls, called, calls, finish } = await setUp({
    completeTask: ({ taskResult }) => {
      results.push(`${taskResult.taskId.attempt} ${Buffer.from(taskResult.taskOutput ?? []).toString()}`)
    },
  })
  await called('poll 1')
  polls[0]?.(task(3))
  await called('poll 2')
  assert.deepEqual(results, ['3 input done'])
  assert.ok(calls.indexOf('ackTask') < calls.indexOf('completeTask'))
  await finish()
})

test('a task that fails is reported with its reason, and the thread goes on', async () => {
  const reasons: (string | undefined)[] = []
  const { polls, called, finish } = await setUp(
    { completeTask: ({ taskResult }) => void reasons.push(taskResult.errorMessage) },
    { runTask: () => Promise.reject(new MoraineError('exhausted', 'the disk is full')) },
  )
  await called('poll 1')
  polls[0]?.(task(1))
  await called('poll 2')
  assert.deepEqual(reasons, ['the disk is full'])
  await finish()
})

test('a task whose acknowledgement is refused, or not known any more, is not executed', async () => {
  let runs = 0
  const answers = [refuse('illegalTaskState', 'the report is stale'), refuse('registerAgain')]
  const { polls, called, calls, finish } = await setUp(
    {
      ackTask: () => {
        throw answers.shift() ?? new Error('asked too often')
      },
    },
    {
      runTask: async () => {
        runs += 1
        return ''
      },
    },
  )
  await called('poll 1')
  polls[0]?.(task(1))
  await called('task 7/1 is not begun: the report is stale')
  await called('poll 2')
  polls[1]?.(task(2))
  await called('poll 3')
  assert.equal(runs, 0)
  // Forgotten, it has registered again.
  assert.equal(calls.filter((call) => call === 'authenticate').length, 2)
  await finish()
})

test('a result is delivered until the service has taken or refused it', async () => {
  const answers = [refuse('persistence'), new Error('a bug'), undefined]
  let deliveries = 0
  const { polls, called, finish } = await setUp({
    completeTask: () => {
      deliveries += 1
      const answer = answers.shift()
      if (answer !== undefined) throw answer
    },
  })
  await called('poll 1')
  polls[0]?.(task(1))
  await called('poll 2')
  assert.equal(deliveries, 3)
  answers.push(refuse('illegalTaskState', 'the report is stale'))
  polls[1]?.(task(2))
  await called('task 7/1: the result is refused: the report is stale')
  assert.equal(deliveries, 4)
  await finish()
})

test('a task that is no longer wanted is stopped and not reported as a failure', async () => {
  let beat = () => {}
  const rests = Promise.withResolvers<void>()
  const clock: Clock = {
    ...impatientClock,
    sleep(ms, signal) {
      if (ms !== 777) return impatientClock.sleep(ms, signal)
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason as Error)
        beat = resolve
        rests.resolve()
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      })
    },
  }
  const { polls, called, calls, finish } = await setUp(
    { findUnwanted: ({ running }) => running },
    {
      clock,
      heartbeatIntervalMs: 777,
      runTask: (_input, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
          beat()
        }),
    },
  )
  await called('poll 1')
  await rests.promise
  polls[0]?.(task(1))
  await called('task 7/1 is given up')
  await called('poll 2')
  assert.equal(calls.includes('completeTask'), false)
  await finish()
})

test('after a stop the running task ends and is delivered, no other is asked for, and the optimizer leaves', async () => {
  const running = Promise.withResolvers<(output: string) => void>()
  const runTask = () => new Promise<string>((resolve) => running.resolve(resolve))
  const { polls, called, calls, stop, done, finish } = await setUp({}, { runTask })
  await called('poll 1')
  polls[0]?.(task(1))
  const finishTask = await running.promise
  stop.abort()
  await called('drain')
  finishTask('output')
  await done
  assert.deepEqual(
    calls.filter((call) => /poll|completeTask|leave/.test(call)),
    ['poll 1', 'completeTask', 'leave'],
  )
  await finish()
})

test('an optimizer that is drained says so once, and why, and what it asked for itself is said as such', async () => {
  const names: (string | undefined)[] = []
  let beats = 0
  const sixth = Promise.withResolvers<void>()
  const { calls, called, stop, finish } = await setUp(
    {
      touch: () => {
        beats += 1
        if (beats === 6) sixth.resolve()
      },
      findStanding: () => ({ optimizerId: 'o-7', ...(beats > 1 && { drainReason: 'released by ana' }) }),
    },
    { heartbeatIntervalMs: 10, onRegistered: (name) => names.push(name) },
  )
  await called('no more tasks are taken, those that run may end: released by ana')
  await sixth.promise
  stop.abort()
  await called('drain')
  const told = calls.filter((call) => call.startsWith('no more tasks'))
  assert.deepEqual(
    told.map((each) => each.split(': ')[1]),
    ['released by ana', 'it is told to stop'],
  )
  assert.deepEqual(names, ['o-7'])
  await finish()
})

test('a service that fails each poll is told of once', async () => {
  let registrations = 0
  const { calls, called, finish } = await setUp({
    authenticate: () => {
      registrations += 1
      if (registrations === 20) return 'token'
      throw refuse('persistence', 'the database is full')
    },
  })
  await called('poll 1')
  const told = calls.filter((call) => call.includes('the database is full'))
  // The thread and the heartbeat, each once.
  assert.ok(told.length <= 2 && new Set(told).size === told.length, told.join('\n'))
  await finish()
})

test('a service that refuses the optimizer for good ends it with the reason', async () => {
  const { done, finish } = await setUp({
    authenticate: () => {
      throw refuse('objectNotExists', "resource group 'default' does not exist")
    },
  })
  await assert.rejects(
    done,
    (error) => isKind(error, 'permission') && /group 'default' does not exist/.test(error.message),
  )
  await finish()
})
