import type { Fence } from '@moraine/catalogs/fence'
import { fencedStateStore } from '@moraine/management/leadership/fenced-state-store'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { Stores } from '@moraine/management/store/stores'
import type { Random } from '@moraine/stdx/random'
import type { MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { catalogBreakers } from '../catalogs/catalog-breakers.ts'
import { watchedCalls } from '../catalogs/watched-calls.ts'
import { composeOptimizing, type Optimizing } from '../compose-optimizing.ts'
import type { OptimizingSettings } from '../config/optimizing-settings.ts'
import { type Election, election } from '../leadership/election.ts'
import type { OptimizingService } from '../optimizing/optimizing-service.ts'
import { SILENT_LOG } from '../service/log.ts'
import { allocationServices } from './allocation.ts'
import type { Dice } from './dice.ts'
import { FAR, type FarCatalog, farListing, farMaintenance } from './far-catalog.ts'
import { type Faults, type Life, mortal, mortalClock, never, unreliable } from './faults.ts'
import { type Lake, lakeListing, lakeMaintenance } from './lake.ts'
import type { SimulatedContainer } from './simulated-container.ts'

export type ServersOptions = {
  /** Of several, one leads at a time; a single one always does. */
  readonly count: number
  readonly stores: Stores
  /** In which the stores keep everything. */
  readonly state: MemoryState
  readonly lake: Lake
  /** If there is one. */
  readonly far: FarCatalog | undefined
  readonly faults: Faults
  /** Whether their clocks differ by hours, and not by minutes alone. */
  readonly skewed: boolean
  /** For what happens to servers as such. */
  readonly serverDice: Dice
  readonly random: Random
  readonly settings: OptimizingSettings
  readonly groups: readonly ResourceGroup[]
  /** What launches optimizers, if anything does; with dice of its own. */
  readonly launching: { readonly container: SimulatedContainer; readonly dice: Dice } | undefined
  readonly onDeath: () => void
  readonly onBroken: (rule: string) => void
}

export type Servers = {
  /** The service of a server that believes it leads. */
  readonly service: () => OptimizingService
  /** In which one of them led. */
  terms(): number
  /** No more pauses. */
  calm(): void
  /** Lets go of every incarnation; Node would keep what still listens to a signal. */
  end(): void
}

const TIMING = { ttlMs: 10_000, heartbeatMs: 3000 }
const SKEW_MOST_MS = 120_000
const HOUR_MS = 3_600_000
const HOURS_AHEAD_MOST = 6
const PAUSE_MOST_MS = 60_000
/** Of the moments at which a server makes a call. */
const HESITATION = 0.002

/** Each is started again some time after its death, with nothing but what is in the stores. */
export function keepServersRunning(options: ServersOptions): Servers {
  const { count, serverDice: dice } = options
  const crew: Crew = {
    leading: [],
    terms: [],
    elections: [],
    lives: new Map(),
    skews: new Map(),
    births: 0,
    isCalm: false,
  }
  for (let server = 1; server <= count; server += 1) void begin(options, crew, server)
  if (count > 1) void disturb(options, crew)
  return {
    service() {
      const one = dice.pick(crew.leading)
      if (one === undefined) throw new Error('connection refused')
      return one.service
    },
    terms: () => crew.terms.length,
    calm: () => (crew.isCalm = true),
    end() {
      for (const { services } of crew.terms) for (const one of services) void one.stop()
      for (const one of crew.elections) void one.stop()
    },
  }
}

/** All servers, and what became of them. */
type Crew = {
  readonly leading: { readonly server: number; readonly service: OptimizingService }[]
  readonly terms: Optimizing[]
  readonly elections: Election[]
  /** Of each server the latest. */
  readonly lives: Map<number, Life>
  /** How far their clocks are ahead. */
  readonly skews: Map<number, number>
  births: number
  isCalm: boolean
}

async function begin(options: ServersOptions, crew: Crew, server: number): Promise<void> {
  const { count, faults } = options
  crew.births += 1
  const holder = `server ${server}, start ${crew.births}`
  const life = lifeOf(options, crew, server)
  await beginWith(options)
  const lead = leading(options, crew, { server, life, holder })
  if (count === 1) return void (await lead())
  const standing = election({
    leases: unreliable(options.stores.leases, faults, life),
    ...{ holder, timing: TIMING, address: () => ({ server }), latch: undefined, log: SILENT_LOG },
    published: () => ({ host: holder, tableServicePort: undefined, optimizingPort: 0, restPort: 0 }),
    clock: mortalClock(faults.clock, life),
    lead: ({ fence }) => lead(fence),
  })
  crew.elections.push(standing)
  await standing.start(new AbortController().signal)
}

/** Ends by chance, and is followed by another. */
function lifeOf(options: ServersOptions, crew: Crew, server: number): Life {
  const { count, faults, serverDice: dice } = options
  const die = () => {
    options.onDeath()
    leadsNoMore(crew, server)
    void faults.clock.sleep(faults.dice.between(100, 90_000)).then(() => begin(options, crew, server))
  }
  // In the middle of a call: what was decided while it led is done when it may lead no more.
  const hesitate = (self: Life) => {
    if (!crew.isCalm && dice.chance(HESITATION)) self.pause(dice.between(100, PAUSE_MOST_MS))
  }
  const life = mortal(faults.clock, die, count > 1 ? hesitate : undefined)
  crew.lives.set(server, life)
  return life
}

type Incarnation = { readonly server: number; readonly life: Life; readonly holder: string }

/** Begins a term, and gives what ends it. */
function leading(options: ServersOptions, crew: Crew, { server, life, holder }: Incarnation) {
  return async (fence?: () => Fence | undefined) => {
    const aheadMs = () => (options.count === 1 ? 0 : (crew.skews.get(server) ?? 0))
    const term = composeTerm(options, { life, holder, fence, aheadMs })
    crew.terms.push(term)
    for (const service of term.services) await service.start(new AbortController().signal)
    if (!life.alive) return never()
    crew.leading.push({ server, service: awake(term.service, life) })
    return async () => {
      leadsNoMore(crew, server)
      for (const service of term.services.toReversed()) await service.stop()
    }
  }
}

function leadsNoMore({ leading }: Crew, server: number): void {
  const at = leading.findIndex((each) => each.server === server)
  if (at >= 0) leading.splice(at, 1)
}

/** Now and then one stands still for a while, or has its clock set. */
async function disturb({ count, faults, skewed, serverDice: dice }: ServersOptions, crew: Crew): Promise<void> {
  const hoursAhead = () => (skewed ? dice.between(-HOURS_AHEAD_MOST, HOURS_AHEAD_MOST) : 0)
  while (!crew.isCalm) {
    await faults.clock.sleep(dice.between(5000, 120_000))
    if (crew.isCalm) return
    const server = dice.between(1, count)
    if (dice.chance(0.5)) crew.lives.get(server)?.pause(dice.between(100, PAUSE_MOST_MS))
    else crew.skews.set(server, dice.between(-SKEW_MOST_MS, SKEW_MOST_MS) + hoursAhead() * HOUR_MS)
  }
}

async function beginWith({ stores, groups, far }: ServersOptions): Promise<void> {
  for (const group of groups) await stores.groups.saveGroup(group)
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: {} })
  if (far !== undefined) await stores.catalogs.saveCatalog({ name: FAR, type: 'rest', properties: {} })
}

type TermParts = {
  readonly life: Life
  readonly holder: string
  readonly fence: (() => Fence | undefined) | undefined
  readonly aheadMs: () => number
}

function composeTerm(options: ServersOptions, { life, holder, fence, aheadMs }: TermParts): Optimizing {
  const { stores, lake, far, faults, settings, random } = options
  const reached = mapValues(fence === undefined ? stores : watched(options, holder), (store) =>
    unreliable(store, faults, life),
  )
  const clock = mortalClock(faults.clock, life, aheadMs)
  const breakers = catalogBreakers({ clock, log: SILENT_LOG })
  const watch = watchedCalls({ breakers, clock })
  const maintenance = unreliable(lakeMaintenance(lake), faults, life)
  const listing = unreliable(lakeListing(lake), faults, life)
  let onResources = () => {}
  const optimizing = composeOptimizing({
    stores: fence === undefined ? reached : { ...reached, state: fencedStateStore(reached.state, fence) },
    maintenance: far === undefined ? maintenance : farMaintenance(maintenance, far, watch),
    listing: far === undefined ? listing : farListing(listing, far),
    breakers,
    settings,
    groupSecrets: () => undefined,
    othersLed: fence !== undefined,
    onResources: () => onResources(),
    clock,
    random,
    log: SILENT_LOG,
  })
  if (options.launching === undefined) return optimizing
  const { container, dice } = options.launching
  const [keeper, allocation] = allocationServices({
    stores: optimizing.stores,
    orders: unreliable(container.orders, withDice(faults, dice), life),
    leads: () => fence === undefined || fence() !== undefined,
    clock,
    random,
  })
  onResources = () => keeper.nudge('records')
  return { ...optimizing, services: [...optimizing.services, keeper, allocation] }
}

/** Faults as they come, with other dice. */
function withDice(faults: Faults, dice: Dice): Faults {
  return {
    get rates() {
      return faults.rates
    },
    dice,
    clock: faults.clock,
    isBusy: faults.isBusy,
  }
}

/** The stores, and the rule that only who leads writes what a leader decides. */
function watched({ stores, state, onBroken }: ServersOptions, holder: string): Stores {
  return {
    ...stores,
    state: {
      async apply(changes, fence) {
        const leader = state.leases.get('service')?.holder
        const outcome = await stores.state.apply(changes, fence)
        if (outcome.kind === 'applied' && changes.length > 0 && leader !== holder)
          onBroken(`${holder} wrote while ${leader ?? 'nobody'} led`)
        return outcome
      },
    },
  }
}

/** Whatever is asked of a process that stands still is heard when it runs again. */
function awake<T extends object>(service: T, life: Life): T {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        await life.running()
        return (method as (...args: unknown[]) => unknown)(...args)
      },
    ]),
  ) as T
}

function mapValues<T extends object>(record: T, map: <V extends object>(value: V) => V): T {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as object)])) as T
}
