import type { Stores } from '@moraine/management/store/stores'
import { assert } from '@moraine/stdx/assert'
import { diceOf } from './dice.ts'

/** What a world is made of where its seed is not to say. */
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
  /** Whether some tables are in a catalog that hangs at times. None are if absent. */
  readonly hangs?: boolean
  /** Whether tables are switched off, moved to another group and dropped. None are if absent. */
  readonly alters?: boolean
  /** Whether the wall clocks of servers differ by hours, whole ones, as blackouts and windows keep their times. Else by minutes. */
  readonly skewed?: boolean
  /** Some twenty to forty tables, of which some are held for good. No optimizers are launched for them, and none gets another name. */
  readonly crowded?: boolean
  /** More tables than the threads of the group can serve, for hours, of which nothing fails and nobody interferes. One server. */
  readonly steady?: boolean
}

export type WorldPlan = {
  readonly seed: number
  readonly twin: Stores | undefined
  readonly servers: number
  readonly allocates: boolean
  readonly asks: boolean
  readonly renames: boolean
  readonly hangs: boolean
  readonly alters: boolean
  readonly skewed: boolean
  /** `self-optimizing.break-quota-limit-enabled` */
  readonly breaksQuota: boolean
  readonly crowded: boolean
  readonly steady: boolean
}

/** Each choice has dice of its own: what others draw does not depend on it. */
export function planWorld(seed: number, parts: SimulatedParts): WorldPlan {
  assert(parts.twin === undefined || parts.servers === 1, 'a twin takes no leases: one server alone can run with it')
  const { crowded = false, hangs = false, alters = false, skewed = false, steady = false } = parts
  assert(!skewed || parts.servers !== 1, 'of one server alone the clock is the right one')
  assert(!crowded || !alters, 'tables that are held for good keep what they are')
  assert(!crowded || parts.allocates !== true, 'in a crowded world nobody launches optimizers')
  const breaksQuota = diceOf(seed ^ 0xb4ea4).chance(0.25)
  if (steady) {
    const chosen = Object.entries(parts).find(([name, value]) => name !== 'steady' && name !== 'twin' && value === true)
    assert(chosen === undefined && (parts.servers ?? 1) === 1, 'in a steady world nothing else happens')
    return { ...NOTHING_HAPPENS, seed, breaksQuota, twin: parts.twin, steady }
  }
  return {
    seed,
    steady,
    crowded,
    hangs,
    alters,
    skewed,
    twin: parts.twin,
    servers: parts.servers ?? diceOf(seed ^ 0x5e4e5).pick(skewed ? [2, 3] : [1, 2, 3]) ?? 1,
    allocates: !crowded && (parts.allocates ?? diceOf(seed ^ 0xa110ca7e).chance(0.25)),
    asks: parts.asks ?? diceOf(seed ^ 0xa5c).chance(0.3),
    renames: !crowded && (parts.renames ?? diceOf(seed ^ 0x2e4a3e).chance(0.3)),
    breaksQuota,
  }
}

const NOTHING_HAPPENS = {
  servers: 1,
  allocates: false,
  asks: false,
  renames: false,
  hangs: false,
  alters: false,
  skewed: false,
  crowded: false,
} as const
