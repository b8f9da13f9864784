import { createHash } from 'node:crypto'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from '@moraine/management/tables/table-settings'
import { assert } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { emptyState, type MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { type VirtualClock, virtualClock } from '@moraine/testkit/virtual-clock'
import type { Optimizing, OptimizingSettings } from '../optimizing/compose-optimizing.ts'
import { allocatedGroup, brokenAllocation, restlessResource } from './allocation.ts'
import { askForTables } from './ask.ts'
import { type Dice, diceOf } from './dice.ts'
import { startFakeOptimizer } from './fake-optimizer.ts'
import { callCount, type Faults, type MishapRates, mortal, NO_FAULTS } from './faults.ts'
import { interfere } from './interfere.ts'
import { brokenAcceptance, brokenInvariant, brokenQuota } from './invariants.ts'
import {
  addSimulatedTable,
  appendFile,
  emptyLake,
  isHealthy,
  type Lake,
  mergeFiles,
  renameSimulatedTable,
  type SimulatedTable,
} from './lake.ts'
import { keepServersRunning } from './servers.ts'
import { simulatedContainer } from './simulated-container.ts'
import { twinStores } from './twin-stores.ts'

export type Simulation = {
  readonly seed: number
  /** SHA-256 over every change of state, with its time: equal for equal seeds. */
  readonly trace: string
  /** The rule that was broken, and when; `undefined` if all held to the end. */
  readonly failure: string | undefined
  readonly steps: number
  readonly virtualMs: number
  readonly counts: Readonly<
    Record<
      'processes' | 'attempts' | 'terms' | 'serviceDeaths' | 'optimizerDeaths' | 'launches' | 'lostLaunches' | 'rows',
      number
    >
  >
}

export type SimulatedParts = {
  /** Answers every question, too; its clock is another, so that no leases are taken with it. */
  readonly twin?: Stores
  /** As the seed says if absent. Of one nobody else could lead. */
  readonly servers?: number
  /** Whether optimizers are launched as the work asks for. As the seed says if absent. */
  readonly allocates?: boolean
  /** Whether people ask for tables and partitions. As the seed says if absent. */
  readonly asks?: boolean
  /** Whether tables get other names. As the seed says if absent. */
  readonly renames?: boolean
}

const SETTINGS: OptimizingSettings = {
  deadlines: { heartbeatTimeoutMs: 60_000, ackTimeoutMs: 30_000, executeTimeoutMs: 300_000 },
  refresh: { shortestMs: 60_000, longestMs: 300_000, stepMs: 30_000, parallelism: 4 },
  planningParallelism: 2,
  commitParallelism: 2,
  pollTimeoutMs: 30_000,
  breakQuota: false,
  exploreIntervalMs: 180_000,
  history: { keepMs: 30 * 24 * 3_600_000, intervalMs: 3_600_000, reportKeepMs: 7 * 24 * 3_600_000 },
}

const START = 1_800_000_000_000 as EpochMs
const STORM_MS = 10 * 60_000
/** Within this much quiet time everything must have come to rest. */
const REST_MS = 6 * 3_600_000
const STEPS_MAX = 100_000

/**
 * Runs the service's real scheduling over real (memory) stores in virtual time: first a storm, in which messages,
 * calls, optimizers and the service itself fail at random, then quiet, in which everything must come to rest with every
 * table healthy. Rules are checked after each step. With a twin, every question to the stores is put to it too, and the
 * answers must be equal.
 */
export async function simulate(seed: number, parts: SimulatedParts = {}): Promise<Simulation> {
  assert(parts.twin === undefined || parts.servers === 1, 'a twin takes no leases: one server alone can run with it')
  const world = createWorld(seed, parts)
  let steps = 0
  let failure: string | undefined
  const calmAt = START + STORM_MS
  const endAt = calmAt + REST_MS
  let calm = false
  await untilQuiet()
  while (failure === undefined) {
    if (!world.clock.step()) failure = 'nobody waits for anything'
    await untilQuiet()
    steps += 1
    failure ??= world.broken()
    if (!calm && world.clock.now() >= calmAt) {
      calm = true
      world.calm()
    }
    if (calm && isAtRest(world)) break
    if (steps > STEPS_MAX) failure ??= 'time hardly moves: something is busy with nothing'
    if (world.clock.now() > endAt) failure ??= `not at rest: ${describeUnrest(world)}`
  }
  const { processes, resources } = world.state
  const trace = world.trace()
  world.end()
  await untilQuiet()
  return {
    seed,
    ...({ ids: Number(Math.max(...world.state.tables.keys()) === world.state.tables.size) } as object),
    trace,
    failure: failure === undefined ? undefined : `${failure} (seed ${seed}, step ${steps})`,
    steps,
    virtualMs: world.clock.now() - START,
    counts: {
      ...world.deaths,
      terms: world.terms(),
      processes: processes.size,
      launches: resources.size,
      lostLaunches: [...resources.values()].filter(({ state }) => state.status === 'ended' && state.isFailure).length,
      attempts: [...processes.values()].reduce((sum, { attempts }) => sum + attempts.size, 0),
      rows: [...world.lake.tables.values()].reduce((sum, { rows }) => sum + rows.size, 0),
    },
  }
}

/** Lets everything run that waits for no time. */
function untilQuiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

type World = {
  readonly clock: VirtualClock
  readonly state: MemoryState
  readonly lake: Lake
  readonly deaths: { serviceDeaths: number; optimizerDeaths: number }
  /** The rule that is broken, if any; looked for only where something has changed. */
  broken(): string | undefined
  /** What of the optimizers that are launched has not come to rest. */
  restless(): string | undefined
  trace(): string
  /** In which a server led. */
  terms(): number
  /** No more faults, no more writers, every optimizer at its best. */
  calm(): void
  /** Lets go of every incarnation of the service; Node would keep what still listens to a signal. */
  end(): void
}

/** Dice of its own: what others draw does not depend on it. */
function allocatesIn(seed: number): boolean {
  return diceOf(seed ^ 0xa110ca7e).chance(0.25)
}

/** Dice of its own: what others draw does not depend on it. */
function asksIn(seed: number): boolean {
  return diceOf(seed ^ 0xa5c).chance(0.3)
}

/** Dice of its own: what others draw does not depend on it. */
function renamesIn(seed: number): boolean {
  return diceOf(seed ^ 0x2e4a3e).chance(0.3)
}

/** Optimizers beside those that are launched. */
function handStarted(dice: Dice, allocates: boolean): number {
  return allocates ? Number(dice.chance(0.25)) : dice.between(1, 3)
}

/** Dice of its own: what others draw does not depend on it. */
function serversOf(seed: number): number {
  return diceOf(seed ^ 0x5e4e5).pick([1, 2, 3]) ?? 1
}

function createWorld(
  seed: number,
  {
    twin,
    servers = serversOf(seed),
    allocates = allocatesIn(seed),
    asks = asksIn(seed),
    renames = renamesIn(seed),
  }: SimulatedParts,
): World {
  const random = seededRandom(seed)
  const dice = diceOf(seed)
  const clock = virtualClock(START)
  const state = emptyState()
  const lake = emptyLake()
  const hash = createHash('sha256')
  const deaths = { serviceDeaths: 0, optimizerDeaths: 0 }
  const broken: { rule: string | undefined } = { rule: undefined }
  const isBusy = callCount(clock, () => (broken.rule ??= 'time stands still: something is busy with nothing'))
  const faults: Faults = { rates: stormRates(dice), dice, clock, isBusy }
  const checked = { changes: 0, mutations: 0 }
  let changesMade = 0
  const memory = memoryStores(state, clock)
  const compared = twin === undefined ? memory : twinStores(memory, twin, (difference) => (broken.rule ??= difference))
  const stores = observed(compared, {
    onApplying(changes) {
      broken.rule ??= brokenAcceptance(changes)
      changesMade += 1
      for (const change of changes) hash.update(`${clock.now()} ${describeChange(change)}\n`)
    },
    onApplied(changes) {
      broken.rule ??= brokenQuota(state, changes)
    },
  })
  const tables = Array.from({ length: dice.between(1, 3) }, (_, index) =>
    addSimulatedTable(lake, `t${index}`, tableSettings(dice)),
  )
  const writers = { active: true }
  for (const table of tables) void write(lake, table, faults, writers)
  // Dice of its own: what others draw does not depend on it.
  void interfere(stores, { dice: diceOf(~seed), clock }, () => !writers.active)
  if (asks) void askForTables(stores, { dice: diceOf(seed ^ 0xa5ced), clock }, () => !writers.active)
  if (renames) void renameNowAndThen(lake, tables, { dice: diceOf(seed ^ 0x2e4a3), clock }, writers)
  const allocationDice = diceOf(seed ^ 0xa110c)
  const group = allocates ? allocatedGroup(allocationDice) : { name: 'default', container: 'local', properties: {} }
  const container = simulatedContainer({
    ...{ lake, faults, dice: allocationDice, service: () => running.service() },
    onDeath: () => (deaths.optimizerDeaths += 1),
  })
  const launching = allocates ? { container, dice: allocationDice } : undefined
  const running = keepServersRunning({
    ...{ count: servers, stores, state, lake, faults, random, settings: SETTINGS, group, launching },
    serverDice: diceOf(seed ^ 0x1ead),
    onDeath: () => (deaths.serviceDeaths += 1),
    onBroken: (rule) => (broken.rule ??= rule),
  })
  const { service } = running
  for (let count = handStarted(dice, allocates); count > 0; count -= 1) {
    keepOptimizerRunning(dice.between(1, 3), { lake, faults, service, deaths })
  }
  return {
    clock,
    state,
    lake,
    deaths,
    broken() {
      if (checked.changes !== changesMade || checked.mutations !== lake.mutations) {
        broken.rule ??= brokenInvariant(state, lake) ?? brokenAllocation(state)
      }
      checked.changes = changesMade
      checked.mutations = lake.mutations
      return broken.rule
    },
    terms: () => running.terms(),
    restless: () => (allocates ? restlessResource(state, container) : undefined),
    trace: () => hash.copy().digest('hex'),
    calm() {
      faults.rates = NO_FAULTS
      running.calm()
      writers.active = false
    },
    end: () => running.end(),
  }
}

/** Each seed has its own weather: some faults frequent, some absent. */
function stormRates(dice: Dice): MishapRates {
  const rate = (most: number) => (dice.chance(0.3) ? 0 : (dice.between(1, 100) / 100) * most)
  return {
    loss: rate(0.2),
    doubling: rate(0.3),
    error: rate(0.05),
    delay: rate(0.3),
    serviceCrash: rate(0.005),
    optimizer: rate(0.6),
  }
}

function tableSettings(dice: Dice): TableSettings {
  return {
    ...DEFAULT_TABLE_SETTINGS,
    quota: dice.pick([0.5, 1, 2]) ?? 1,
    executeRetries: dice.between(0, 3),
    allowPartialCommit: dice.chance(0.5),
    minPlanIntervalMs: 10_000,
    windows: dice.pick(['', '', '*/10 * * * * for 5m']) ?? '',
    blackouts: dice.pick(['', '', '5 * * * * for 10m']) ?? '',
    priority: dice.between(-1, 1),
  }
}

async function write(
  lake: Lake,
  table: SimulatedTable,
  { dice, clock }: Faults,
  writers: { active: boolean },
): Promise<void> {
  const partitions = ['a', 'b', 'c'].slice(0, dice.between(1, 3))
  for (;;) {
    await clock.sleep(dice.between(1000, 30_000))
    if (!writers.active) return
    const partition = dice.pick(partitions) ?? 'a'
    if (dice.chance(0.05)) mergeFiles(lake, table, partition)
    else appendFile(lake, table, partition)
  }
}

async function renameNowAndThen(
  lake: Lake,
  tables: readonly SimulatedTable[],
  { dice, clock }: Pick<Faults, 'dice' | 'clock'>,
  writers: { readonly active: boolean },
): Promise<void> {
  for (let count = 1; ; count += 1) {
    await clock.sleep(dice.between(10_000, 240_000))
    if (!writers.active) return
    const table = dice.pick(tables)
    if (table !== undefined) renameSimulatedTable(lake, table, `${table.uuid}-${count}`)
  }
}

function keepOptimizerRunning(
  threads: number,
  options: {
    readonly lake: Lake
    readonly faults: Faults
    readonly service: () => Optimizing['service']
    readonly deaths: World['deaths']
  },
): void {
  const { faults, deaths } = options
  const born = () => {
    const life = mortal(faults.clock, () => {
      deaths.optimizerDeaths += 1
      void faults.clock.sleep(faults.dice.between(100, 120_000)).then(born)
    })
    startFakeOptimizer({ ...options, threads }, life)
  }
  born()
}

type Observer = {
  /** Whether they will be made or refused. */
  onApplying(changes: readonly StateChange[]): void
  onApplied(changes: readonly StateChange[]): void
}

function observed(stores: Stores, { onApplying, onApplied }: Observer): Stores {
  return {
    ...stores,
    state: {
      apply: async (changes, fence) => {
        onApplying(changes)
        const outcome = await stores.state.apply(changes, fence)
        if (outcome.kind === 'applied') onApplied(changes)
        return outcome
      },
    },
  }
}

function describeChange(change: StateChange): string {
  return JSON.stringify(change, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

function isAtRest({ state, lake, restless }: World): boolean {
  return (
    restless() === undefined &&
    state.discards.size === 0 &&
    [...state.tables.values()].every(({ state: { phase }, request }) => phase === 'idle' && request === undefined) &&
    state.tables.size === lake.tables.size &&
    [...state.tables.values()].every(({ name }) => lake.tables.has(name.name)) &&
    [...lake.tables.values()].every((table) => isHealthy(lake, table))
  )
}

function describeUnrest({ state, lake, restless }: World): string {
  const tables = [...state.tables.values()].map(
    (table) => `${table.name.name} ${table.state.phase}${table.request === undefined ? '' : ', asked for'}`,
  )
  const sick = [...lake.tables.values()].filter((table) => !isHealthy(lake, table)).map(({ name }) => name.name)
  return `${tables.join(', ')}; in need: ${sick.join(', ') || 'none'}; ${state.discards.size} discards; ${restless() ?? 'resources at rest'}`
}
