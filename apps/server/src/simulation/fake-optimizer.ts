import type { OptimizingService, TaskReport } from '../optimizing/optimizing-service.ts'
import type { AssignedTask } from '../optimizing/waiting-threads.ts'
import type { Dice } from './dice.ts'
import { type Faults, type Life, never, overNetwork } from './faults.ts'
import { type Lake, rewriteHonestly } from './lake.ts'

export type FakeOptimizerOptions = {
  readonly group: string
  readonly threads: number
  /** What it was launched for; `undefined` if it was started by hand. */
  readonly resourceId?: string
  readonly lake: Lake
  readonly faults: Faults
  /** The service as it is at the moment; calls to a dead one never return. */
  readonly service: () => OptimizingService
}

const HEARTBEAT_MS = 10_000
const CALL_TIMEOUT_MS = 60_000
/** The longest honest execution; a hanging one takes longer than the execute timeout of the service. */
const EXECUTE_MAX_MS = 30_000
const HANG_MS = 400_000

/** A worker that mostly does its work and sometimes does not: it dies, hangs, lies, repeats itself or says nothing. */
export function startFakeOptimizer(options: FakeOptimizerOptions, life: Life): void {
  const { faults } = options
  const session: { token: string | undefined } = { token: undefined }
  const call = <T>(ask: (service: OptimizingService) => Promise<T>): Promise<T | undefined> =>
    whileAlive(life, () => callService(options, ask))
  const chance = (part: number) => faults.dice.chance(faults.rates.optimizer * part)

  const keepAlive = async () => {
    for (;;) {
      if (session.token === undefined) await register(options, session, call)
      else if ((await call((service) => service.touch(session.token ?? ''))) === 'unknown') session.token = undefined
      await faults.clock.sleep(HEARTBEAT_MS)
      if (chance(0.2)) life.die()
    }
  }
  const work = async (threadId: number) => {
    const unbroken = new AbortController().signal
    for (;;) {
      const { token } = session
      if (token === undefined) {
        await whileAlive(life, () => faults.clock.sleep(1000))
        continue
      }
      const answer = await call((service) => service.poll(token, threadId, unbroken))
      if (answer?.kind === 'unknown') session.token = undefined
      if (answer?.kind === 'task') await runTask(options, { token, threadId, task: answer.task, call, chance, life })
      else if (answer === undefined) await whileAlive(life, () => faults.clock.sleep(1000))
    }
  }
  void keepAlive()
  for (let threadId = 0; threadId < options.threads; threadId += 1) void work(threadId)
}

type Call = <T>(ask: (service: OptimizingService) => Promise<T>) => Promise<T | undefined>

async function register(
  { group, threads, resourceId }: FakeOptimizerOptions,
  session: { token: string | undefined },
  call: Call,
): Promise<void> {
  const registration = {
    group,
    resourceId,
    threads,
    memoryMb: 512,
    properties: {},
    payloadVersions: ['1'],
    heartbeatIntervalMs: HEARTBEAT_MS,
    secret: undefined,
  }
  const answer = await call((service) => service.register(registration))
  if (answer?.kind === 'registered') session.token = answer.token
}

type Run = {
  readonly token: string
  readonly threadId: number
  readonly task: AssignedTask
  readonly call: Call
  chance(part: number): boolean
  readonly life: Life
}

async function runTask(options: FakeOptimizerOptions, run: Run): Promise<void> {
  const { task, threadId, token, call, chance, life } = run
  const { processId, taskId, assignment } = task
  const { faults } = options
  const report: TaskReport = { processId, taskId, threadId, attempt: assignment.attempt }
  const acked = await call((service) => service.ack(token, report))
  if (acked?.kind !== 'accepted') return
  if (chance(0.3)) life.die()
  await whileAlive(life, () => faults.clock.sleep(chance(0.3) ? HANG_MS : faults.dice.between(100, EXECUTE_MAX_MS)))
  const end = attemptEnd(options, task, chance)
  if (chance(0.3)) life.die()
  // Falls silent: the result is never reported.
  if (chance(0.2)) return
  for (let tries = chance(0.3) ? 2 : 1; tries > 0; ) {
    const answer = await call((service) => service.complete(token, { ...report, end }))
    if (answer === undefined) await whileAlive(life, () => faults.clock.sleep(1000))
    else if (answer.kind === 'unknown') return
    else tries -= 1
  }
}

function attemptEnd(
  { lake, faults }: FakeOptimizerOptions,
  { input, assignment }: AssignedTask,
  chance: Run['chance'],
) {
  if (chance(0.5)) return { kind: 'failure', reason: `out of memory in attempt ${assignment.attempt}` } as const
  const payload = rewriteHonestly(lake, input)
  const lie = (dice: Dice) => payload.replace(/"rows":\d+/, `"rows":${dice.between(0, 99) + 1000}`)
  return { kind: 'output', payload: chance(0.2) ? lie(faults.dice) : payload } as const
}

const ANSWERED = new Error('answered')

/** `undefined`: no answer came. */
async function callService<T>(
  { faults, service }: FakeOptimizerOptions,
  ask: (service: OptimizingService) => Promise<T>,
): Promise<T | undefined> {
  const answered = overNetwork(faults, () => ask(service())).catch(() => undefined)
  const patience = new AbortController()
  const late = faults.clock.sleep(CALL_TIMEOUT_MS, patience.signal).then(
    () => undefined,
    () => undefined,
  )
  const answer = await Promise.race([answered, late])
  patience.abort(ANSWERED)
  return answer
}

async function whileAlive<T>(life: Life, action: () => Promise<T>): Promise<T> {
  if (!life.alive) return never()
  const result = await action()
  return life.alive ? result : never()
}
