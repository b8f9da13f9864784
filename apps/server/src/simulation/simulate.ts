import { createHash } from 'node:crypto'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from '@moraine/management/tables/table-settings'
import type { EpochMs } from '@moraine/stdx/brand'
import { type Random, seededRandom } from '@moraine/stdx/random'
import { emptyState, type MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { type VirtualClock, virtualClock } from '@moraine/testkit/virtual-clock'
import { composeOptimizing, type Optimizing, type OptimizingSettings } from '../optimizing/compose-optimizing.ts'
import { SILENT_LOG } from '../service/log.ts'
import { type Dice, diceOf } from './dice.ts'
import { startFakeOptimizer } from './fake-optimizer.ts'
import { type Faults, type Life, type MishapRates, NO_FAULTS, never, unreliable } from './faults.ts'
import { brokenAcceptance, brokenInvariant, brokenQuota } from './invariants.ts'
import {
  addSimulatedTable,
  appendFile,
  emptyLake,
  isHealthy,
  type Lake,
  lakeListing,
  lakeMaintenance,
  mergeFiles,
  type SimulatedTable,
} from './lake.ts'
import { twinStores } from './twin-stores.ts'

export type Simulation = {
  readonly seed: number
  /** SHA-256 over every change of state, with its time: equal for equal seeds. */
  readonly trace: string
  /** The rule that was broken, and when; `undefined` if all held to the end. */
  readonly failure: string | undefined
  readonly steps: number
  readonly virtualMs: number
  readonly counts: Readonly<Record<'processes' | 'attempts' | 'serviceDeaths' | 'optimizerDeaths' | 'rows', number>>
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
export async function simulate(seed: number, twin?: Stores): Promise<Simulation> {
  const world = createWorld(seed, twin)
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
  const { processes } = world.state
  const trace = world.trace()
  world.end()
  await untilQuiet()
  return {
    seed,
    trace,
    failure: failure === undefined ? undefined : `${failure} (seed ${seed}, step ${steps})`,
    steps,
    virtualMs: world.clock.now() - START,
    counts: {
      ...world.deaths,
      processes: processes.size,
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
  trace(): string
  /** No more faults, no more writers, every optimizer at its best. */
  calm(): void
  /** Lets go of every incarnation of the service; Node would keep what still listens to a signal. */
  end(): void
}

function createWorld(seed: number, twin: Stores | undefined): World {
  const random = seededRandom(seed)
  const dice = diceOf(seed)
  const clock = virtualClock(START)
  const state = emptyState()
  const lake = emptyLake()
  const faults: Faults = { rates: stormRates(dice), dice, clock }
  const hash = createHash('sha256')
  const deaths = { serviceDeaths: 0, optimizerDeaths: 0 }
  const broken: { rule: string | undefined } = { rule: undefined }
  const checked = { changes: 0, mutations: 0 }
  let changesMade = 0
  const memory = memoryStores(state)
  const compared = twin === undefined ? memory : twinStores(memory, twin, (difference) => (broken.rule ??= difference))
  const stores = observed(compared, (changes) => {
    broken.rule ??= brokenQuota(state, changes) ?? brokenAcceptance(changes)
    changesMade += 1
    for (const change of changes) hash.update(`${clock.now()} ${describeChange(change)}\n`)
  })
  const tables = Array.from({ length: dice.between(1, 3) }, (_, index) =>
    addSimulatedTable(lake, `t${index}`, tableSettings(dice)),
  )
  const writers = { active: true }
  for (const table of tables) void write(lake, table, faults, writers)
  const incarnations: Optimizing[] = []
  const service = keepServiceRunning({ stores, lake, faults, random, deaths, incarnations })
  for (let count = dice.between(1, 3); count > 0; count -= 1) {
    keepOptimizerRunning(dice.between(1, 3), { lake, faults, service, deaths })
  }
  return {
    clock,
    state,
    lake,
    deaths,
    broken() {
      if (checked.changes !== changesMade || checked.mutations !== lake.mutations) {
        broken.rule ??= brokenInvariant(state, lake)
      }
      checked.changes = changesMade
      checked.mutations = lake.mutations
      return broken.rule
    },
    trace: () => hash.copy().digest('hex'),
    calm() {
      faults.rates = NO_FAULTS
      writers.active = false
    },
    end: () => {
      for (const { services } of incarnations) for (const one of services) void one.stop()
    },
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

/** The service, started again some time after each death with nothing but what is in the stores. */
function keepServiceRunning(options: {
  readonly stores: Stores
  readonly lake: Lake
  readonly faults: Faults
  readonly random: Random
  readonly deaths: World['deaths']
  readonly incarnations: Optimizing[]
}): () => Optimizing['service'] {
  const { stores, lake, faults, random, deaths, incarnations } = options
  let current: Optimizing['service'] | undefined
  const born = async () => {
    await stores.groups.saveGroup({ name: 'default', container: 'local', properties: {} })
    await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
    const life = mortal(() => {
      deaths.serviceDeaths += 1
      current = undefined
      void faults.clock.sleep(faults.dice.between(100, 90_000)).then(born)
    })
    const optimizing = composeOptimizing({
      stores: mapValues(stores, (store) => unreliable(store, faults, life)),
      maintenance: unreliable(lakeMaintenance(lake), faults, life),
      listing: unreliable(lakeListing(lake), faults, life),
      settings: SETTINGS,
      clock: mortalClock(faults.clock, life),
      random,
      log: SILENT_LOG,
    })
    incarnations.push(optimizing)
    for (const service of optimizing.services) await service.start(new AbortController().signal)
    current = optimizing.service
  }
  void born()
  return () => {
    if (current === undefined) throw new Error('connection refused')
    return current
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
    const life = mortal(() => {
      deaths.optimizerDeaths += 1
      void faults.clock.sleep(faults.dice.between(100, 120_000)).then(born)
    })
    startFakeOptimizer({ ...options, threads }, life)
  }
  born()
}

function mortal(onDeath: () => void): Life {
  const life = {
    alive: true,
    die() {
      if (!life.alive) return
      life.alive = false
      onDeath()
    },
  }
  return life
}

/** The clock of a process: whoever sleeps when it dies does not wake. */
function mortalClock(clock: VirtualClock | Faults['clock'], life: Life): Faults['clock'] {
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: async (ms, signal) => {
      if (!life.alive) return never()
      await clock.sleep(ms, signal)
      return life.alive ? undefined : never()
    },
  }
}

function observed(stores: Stores, onApplying: (changes: readonly StateChange[]) => void): Stores {
  return {
    ...stores,
    state: {
      apply: async (changes) => {
        onApplying(changes)
        return stores.state.apply(changes)
      },
    },
  }
}

function describeChange(change: StateChange): string {
  return JSON.stringify(change, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

function isAtRest({ state, lake }: World): boolean {
  return (
    state.discards.size === 0 &&
    [...state.tables.values()].every((table) => table.state.phase === 'idle') &&
    state.tables.size === lake.tables.size &&
    [...lake.tables.values()].every((table) => isHealthy(lake, table))
  )
}

function describeUnrest({ state, lake }: World): string {
  const tables = [...state.tables.values()].map((table) => `${table.name.name} ${table.state.phase}`)
  const sick = [...lake.tables.values()].filter((table) => !isHealthy(lake, table)).map(({ name }) => name.name)
  return `${tables.join(', ')}; in need: ${sick.join(', ') || 'none'}; ${state.discards.size} discards`
}

function mapValues<T extends object>(record: T, map: <V extends object>(value: V) => V): T {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as object)])) as T
}
