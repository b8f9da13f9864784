import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from '@moraine/management/records/table-settings'
import type { Stores } from '@moraine/management/store/stores'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { emptyState, type MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { type VirtualClock, virtualClock } from '@moraine/testkit/virtual-clock'
import type { OptimizingSettings } from '../config/optimizing-settings.ts'
import type { OptimizingService } from '../optimizing/optimizing-service.ts'
import { allocatedGroup, brokenAllocation, restlessResource } from './allocation.ts'
import { alterTables, OTHER_GROUP } from './alter-tables.ts'
import { askForTables } from './ask.ts'
import { type Crowd, drawCrowd, holdForGood } from './crowd.ts'
import { type Dice, diceOf } from './dice.ts'
import { type FakeOptimizerOptions, startFakeOptimizer } from './fake-optimizer.ts'
import { FAR, type FarCatalog, hangAtTimes } from './far-catalog.ts'
import { callCount, type Faults, mortal, NO_FAULTS } from './faults.ts'
import { idleWatch } from './idle-watch.ts'
import { interfere } from './interfere.ts'
import { brokenAcceptance, brokenHold, brokenInvariant } from './invariants.ts'
import { addSimulatedTable, emptyLake, type Lake, type SimulatedTable } from './lake.ts'
import { quotaWatch } from './quota-watch.ts'
import { renameTables } from './rename-tables.ts'
import { keepServersRunning, type Servers } from './servers.ts'
import { shareWatch } from './share-watch.ts'
import { type SimulatedContainer, simulatedContainer } from './simulated-container.ts'
import { drawSteadyWork, type SteadyWork, writeInSpells } from './steady-work.ts'
import { observed, startTrace, type Trace } from './trace.ts'
import { twinStores } from './twin-stores.ts'
import { stormRates } from './weather.ts'
import type { WorldPlan } from './world-plan.ts'
import { write } from './writer.ts'

export type World = {
  readonly clock: VirtualClock
  readonly state: MemoryState
  readonly lake: Lake
  readonly deaths: Deaths
  /** The rule that is broken, if any; looked for only where something has changed. */
  broken(): string | undefined
  /** What of the optimizers that are launched has not come to rest. */
  restless(): string | undefined
  /** Whether nobody can work on the table, for good. */
  isHeld(name: string): boolean
  /** How long it is before it is to be calmed. */
  readonly stormMs: number
  trace(): string
  /** In which a server led. */
  terms(): number
  /** No more faults, no more writers, every optimizer at its best. */
  calm(): void
  /** Lets go of every incarnation of the service; Node would keep what still listens to a signal. */
  end(): void
}

type Deaths = { serviceDeaths: number; optimizerDeaths: number }

export const START = 1_800_000_000_000 as EpochMs
const STORM_MS = 10 * 60_000
/** So that there is more than the hour which the service looks back over. */
const STEADY_MS = 2.5 * 3_600_000
/** After the storm, until nobody stands still any more, or works on what was taken from it. */
const SETTLING_MS = 10 * 60_000

const SETTINGS: Omit<OptimizingSettings, 'breaksQuota'> = {
  deadlines: { heartbeatTimeoutMs: 60_000, ackTimeoutMs: 30_000, executeTimeoutMs: 300_000 },
  refresh: { shortestMs: 60_000, longestMs: 300_000, stepMs: 30_000, parallelism: 4 },
  planningParallelism: 2,
  commitParallelism: 2,
  pollTimeoutMs: 30_000,
  exploreIntervalMs: 180_000,
  history: { keepMs: 30 * 24 * 3_600_000, intervalMs: 3_600_000, reportKeepMs: 7 * 24 * 3_600_000 },
}

/** What everything in a world shares. */
type Ground = {
  readonly plan: WorldPlan
  readonly dice: Dice
  readonly clock: VirtualClock
  readonly state: MemoryState
  readonly lake: Lake
  readonly faults: Faults
  readonly trace: Trace
  readonly deaths: Deaths
  /** The first rule that was found broken stays. */
  readonly broken: { rule: string | undefined }
  readonly storm: { isOver: boolean }
  /** Where some tables are, if there is one. */
  readonly far: FarCatalog | undefined
  /** Who is there, where it is crowded. */
  readonly crowd: Crowd | undefined
  /** Who is there, where nothing happens but work. */
  readonly steady: SteadyWork | undefined
}

/** Whoever draws from the dice of the seed does so in this order, so that a seed stays what it is. */
export function createWorld(plan: WorldPlan): World {
  const ground = breakGround(plan)
  const stores = watchedStores(ground)
  addTables(ground, stores)
  sendPeople(ground, stores)
  const { servers, container } = startServers(ground, stores)
  startOptimizers(ground, servers.service)
  const { clock, state, lake, deaths, trace, faults, storm } = ground
  const held = heldNames(ground)
  return {
    ...{ clock, state, lake, deaths },
    stormMs: stormMsOf(plan),
    broken: ruleKeeper(ground),
    isHeld: (name) => held.has(name),
    terms: () => servers.terms(),
    restless: () => (plan.allocates ? restlessResource(state, container) : undefined),
    trace: () => trace.digest(),
    calm() {
      faults.rates = NO_FAULTS
      servers.calm()
      storm.isOver = true
      if (ground.far !== undefined) ground.far.hangs = false
    },
    end: () => servers.end(),
  }
}

function stormMsOf({ steady }: WorldPlan): number {
  return steady ? STEADY_MS : STORM_MS
}

function breakGround(plan: WorldPlan): Ground {
  const dice = diceOf(plan.seed)
  const clock = virtualClock(START)
  const broken: Ground['broken'] = { rule: undefined }
  const isBusy = callCount(clock, () => (broken.rule ??= 'time stands still: something is busy with nothing'))
  return {
    ...{ plan, dice, clock, broken },
    state: emptyState(),
    lake: emptyLake(),
    faults: { rates: plan.steady ? NO_FAULTS : stormRates(dice), dice, clock, isBusy },
    trace: startTrace(),
    deaths: { serviceDeaths: 0, optimizerDeaths: 0 },
    storm: { isOver: false },
    far: plan.hangs ? { dice: diceOf(plan.seed ^ 0xfa4), hangs: false } : undefined,
    steady: plan.steady ? drawSteadyWork(diceOf(plan.seed ^ 0x57ead), STEADY_SETTINGS) : undefined,
    crowd: plan.crowded ? drawCrowd(diceOf(plan.seed ^ 0xc40dd), tableSettings, STORM_MS) : undefined,
  }
}

/** The stores as everybody in the world has them: whatever is written is noted, and held against the rules. */
function watchedStores({ plan, state, clock, trace, broken, steady }: Ground): Stores {
  const { twin, breaksQuota } = plan
  const brokenByQuota = quotaWatch({ state, clock, breaksQuota, hasTrueTime: plan.servers === 1, skewed: plan.skewed })
  const brokenByShare = steady && shareWatch({ state, clock, threads: steady.threads })
  const memory = memoryStores(state, clock)
  const onDifference = (difference: string) => (broken.rule ??= difference)
  // By SQLite's clock, the host's, no lease ends while the virtual one runs.
  const compared =
    twin === undefined ? memory : { ...twinStores(memory, twin, onDifference), blockers: memory.blockers }
  return observed(compared, {
    onApplying(changes) {
      broken.rule ??= brokenAcceptance(changes)
      trace.note(clock.now(), changes)
    },
    onApplied(changes) {
      const rule = brokenByShare?.(changes) ?? brokenByQuota(changes) ?? brokenHold(state, changes, clock.now())
      broken.rule ??= rule
    },
  })
}

function addTables(ground: Ground, stores: Stores): void {
  const { dice, clock, lake, faults, storm, crowd, far, steady } = ground
  const drawn = crowd?.tables ?? steady?.tables ?? drawTables(dice)
  // Every second table, the first of all.
  const catalogOf = (index: number) => (far !== undefined && index % 2 === 0 ? FAR : 'lake')
  const tables = drawn.map(({ name, settings }, index) =>
    addSimulatedTable(lake, name, settings, { catalog: catalogOf(index) }),
  )
  if (far !== undefined) void hangAtTimes(far, clock, () => storm.isOver)
  const writes = steady === undefined ? write : writeInSpells
  for (const table of tables) void writes(lake, table, faults, () => storm.isOver)
  for (const held of crowd?.tables.filter(({ hold }) => hold !== undefined) ?? []) {
    void holdForGood({ stores, clock }, must(lake.tables.get(held.name), held.name), held)
  }
}

function drawTables(dice: Dice): readonly { readonly name: string; readonly settings: TableSettings }[] {
  return Array.from({ length: dice.between(1, 3) }, (_, index) => ({
    name: `t${index}`,
    settings: tableSettings(dice),
  }))
}

/** Of tables that somebody holds for good. */
function heldNames({ crowd }: Ground): ReadonlySet<string> {
  return new Set(crowd?.tables.flatMap(({ name, hold }) => (hold === undefined ? [] : name)))
}

const STEADY_SETTINGS: TableSettings = { ...DEFAULT_TABLE_SETTINGS, minPlanIntervalMs: 10_000 }

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

/** Dice of their own: what others draw does not depend on them. */
function sendPeople(ground: Ground, stores: Stores): void {
  const {
    plan: { seed, asks, renames, alters, steady },
    lake,
    faults,
    clock,
    storm,
  } = ground
  if (steady) return
  void interfere(stores, { dice: diceOf(~seed), clock, spared: heldNames(ground) }, () => storm.isOver)
  if (asks) void askForTables(stores, { dice: diceOf(seed ^ 0xa5ced), clock }, () => storm.isOver)
  if (renames) void renameTables(lake, { dice: diceOf(seed ^ 0x2e4a3), clock }, () => storm.isOver)
  if (!alters) return
  const isOver = () => storm.isOver
  void stores.groups.saveGroup({ ...PLAIN_GROUP, name: OTHER_GROUP })
  const onMade = (table: SimulatedTable) => void write(lake, table, faults, isOver)
  void alterTables(lake, { dice: diceOf(seed ^ 0xa17e2), clock, isOver, onMade })
}

function startServers(
  ground: Ground,
  stores: Stores,
): { readonly servers: Servers; readonly container: SimulatedContainer } {
  const { plan, crowd, state, lake, far, faults, deaths, broken } = ground
  const allocationDice = diceOf(plan.seed ^ 0xa110c)
  const groups = crowd?.groups ?? [plan.allocates ? allocatedGroup(allocationDice) : PLAIN_GROUP]
  const container = simulatedContainer({
    ...{ lake, faults, dice: allocationDice, service: () => servers.service() },
    onDeath: () => (deaths.optimizerDeaths += 1),
  })
  const servers = keepServersRunning({
    ...{ count: plan.servers, stores, state, lake, far, faults, groups },
    skewed: plan.skewed,
    settings: { ...SETTINGS, breaksQuota: plan.breaksQuota },
    random: seededRandom(plan.seed),
    launching: plan.allocates ? { container, dice: allocationDice } : undefined,
    serverDice: diceOf(plan.seed ^ 0x1ead),
    onDeath: () => (deaths.serviceDeaths += 1),
    onBroken: (rule) => (broken.rule ??= rule),
  })
  return { servers, container }
}

const PLAIN_GROUP: ResourceGroup = { name: 'default', container: 'local', properties: {} }

/** Optimizers beside those that are launched. */
function startOptimizers(ground: Ground, service: () => OptimizingService): void {
  const { plan, dice, crowd, steady } = ground
  if (crowd !== undefined) {
    for (const { group, threads } of crowd.optimizers) keepOptimizerRunning(ground, { group, threads, service })
    return
  }
  if (steady !== undefined) {
    keepOptimizerRunning(ground, { group: PLAIN_GROUP.name, threads: steady.threads, service })
    return
  }
  const count = plan.allocates ? Number(dice.chance(0.25)) : dice.between(1, 3)
  for (let started = 0; started < count; started += 1) {
    keepOptimizerRunning(ground, { group: PLAIN_GROUP.name, threads: dice.between(1, 3), service })
  }
}

function keepOptimizerRunning(
  { lake, faults, deaths }: Ground,
  own: Pick<FakeOptimizerOptions, 'group' | 'threads' | 'service'>,
): void {
  const born = () => {
    const life = mortal(faults.clock, () => {
      deaths.optimizerDeaths += 1
      void faults.clock.sleep(faults.dice.between(100, 120_000)).then(born)
    })
    startFakeOptimizer({ lake, faults, ...own }, life)
  }
  born()
}

/** Looks at the rules again when something has changed; at idle threads as time goes by. */
function ruleKeeper(ground: Ground): () => string | undefined {
  const { state, lake, trace, broken } = ground
  const checked = { changes: 0, mutations: 0 }
  const brokenByIdleness = idleKeeper(ground)
  return () => {
    if (checked.changes !== trace.length || checked.mutations !== lake.mutations) {
      broken.rule ??= brokenInvariant(state, lake) ?? brokenAllocation(state)
    }
    checked.changes = trace.length
    checked.mutations = lake.mutations
    broken.rule ??= brokenByIdleness()
    return broken.rule
  }
}

/** Of a second more than one look would tell nothing new. */
const IDLE_LOOK_MS = 1000

/** Once it is quiet. */
function idleKeeper(ground: Ground): () => string | undefined {
  const { clock, state } = ground
  const watch = idleWatch({ state, hopeless: heldNames(ground), skewed: ground.plan.skewed })
  let lookAt = START + stormMsOf(ground.plan) + SETTLING_MS
  return () => {
    const now = clock.now()
    if (now < lookAt) return undefined
    lookAt = now + IDLE_LOOK_MS
    return watch(now)
  }
}
