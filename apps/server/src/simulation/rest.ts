import { isHealthy, strayOutputs } from './lake.ts'
import type { World } from './world.ts'

/** Whether nothing is left to be done, but for tables that are held for good: those say what holds them. */
export function isAtRest(world: World): boolean {
  const { state, lake, restless } = world
  return (
    restless() === undefined &&
    state.discards.size === 0 &&
    state.tables.size === lake.tables.size &&
    [...state.tables.values()].every(({ name }) => lake.tables.has(name.name)) &&
    restlessTables(world).length === 0 &&
    sickTables(world).length === 0 &&
    leftBehind(world).length === 0
  )
}

export function describeUnrest(world: World): string {
  const { state, restless } = world
  const tables = restlessTables(world).map(
    (table) => `${table.name.name} ${table.state.phase}${table.request === undefined ? '' : ', asked for'}`,
  )
  const sick = sickTables(world).map(({ name }) => name.name)
  return [
    tables.join(', ') || 'all tables idle',
    `in need: ${sick.join(', ') || 'none'}`,
    `${state.discards.size} discards`,
    `left behind: ${leftBehind(world).join(', ') || 'nothing'}`,
    restless() ?? 'resources at rest',
  ].join('; ')
}

function restlessTables({ state, isHeld }: World) {
  return [...state.tables.values()].filter(
    (table) => (table.state.phase !== 'idle' || table.request !== undefined) && !isHeld(table.name.name),
  )
}

function sickTables({ lake, isHeld }: World) {
  return [...lake.tables.values()].filter((table) => !isHeld(table.name.name) && !isHealthy(lake, table))
}

/** A process of a table that is held keeps the outputs that it has. */
function leftBehind({ lake, isHeld }: World): readonly string[] {
  return [...lake.tables.keys()].filter((name) => !isHeld(name)).flatMap((name) => strayOutputs(lake, name))
}
