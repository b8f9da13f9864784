import type { ResourceId } from '@moraine/lifecycle/identity'
import type { Container, Launched, LaunchOrder } from '@moraine/management/resources/container'
import type { OptimizingService } from '../optimizing/optimizing-service.ts'
import type { Dice } from './dice.ts'
import { startFakeOptimizer } from './fake-optimizer.ts'
import { type Faults, type Life, mortal } from './faults.ts'
import type { Lake } from './lake.ts'

export const SIMULATED_CONTAINER = 'cluster'

export type SimulatedContainer = {
  /** As it is for whoever can reach it; it outlives every server. */
  readonly orders: Pick<Container, 'launch' | 'release' | 'list'>
  /** What it runs. */
  running(): ReadonlySet<ResourceId>
}

type Entry = { condition: Launched['condition']; readonly lives: Life[]; released: boolean }

/** The longest that an optimizer takes to come up where nothing goes wrong, and where it does. */
const BOOT_MS = 10_000
const LATE_BOOT_MS = 400_000

/**
 * Runs fake optimizers: they come late, twice or never, die and are started again or not, and some are forgotten with all
 * that they do. An order that it has taken it takes again.
 */
export function simulatedContainer(options: {
  readonly lake: Lake
  readonly faults: Faults
  readonly dice: Dice
  readonly service: () => OptimizingService
  readonly onDeath: () => void
}): SimulatedContainer {
  const { faults, dice, onDeath } = options
  const entries = new Map<ResourceId, Entry>()
  const mishap = (part: number) => dice.chance(faults.rates.optimizer * part)

  const begin = async (order: LaunchOrder, entry: Entry): Promise<void> => {
    await faults.clock.sleep(dice.between(100, mishap(0.5) ? LATE_BOOT_MS : BOOT_MS))
    if (entry.released) return
    entry.condition = 'running'
    const life = mortal(faults.clock, () => {
      if (entry.released) return
      onDeath()
      entry.condition = dice.chance(0.5) ? 'gone' : 'failing'
      if (entry.condition === 'failing') void begin(order, entry)
    })
    entry.lives.push(life)
    startFakeOptimizer({ ...options, group: order.group, threads: order.threads, resourceId: order.resourceId }, life)
  }
  const end = (resourceId: ResourceId) => {
    const entry = entries.get(resourceId)
    if (entry === undefined) return
    entries.delete(resourceId)
    entry.released = true
    for (const life of entry.lives) life.die()
  }
  return {
    orders: {
      async launch(order) {
        if (entries.has(order.resourceId)) return
        const entry: Entry = { condition: 'starting', lives: [], released: false }
        entries.set(order.resourceId, entry)
        if (!mishap(0.3)) void begin(order, entry)
        if (mishap(0.3)) void begin(order, entry)
        if (mishap(0.7)) void faults.clock.sleep(dice.between(1000, 300_000)).then(() => end(order.resourceId))
      },
      async release(resourceId) {
        end(resourceId)
      },
      async list() {
        return [...entries].map(([resourceId, { condition }]) => ({ resourceId, condition, detail: undefined }))
      },
    },
    running: () => new Set(entries.keys()),
  }
}
