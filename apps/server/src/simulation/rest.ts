import { isHealthy, strayOutputs } from './lake.ts'
import type { World } from './world.ts'

/** Whether nothing is left to be done, but for tables that are held for good: those say what holds them. */
export function isAtRest(world: World): boolean {
  const { state, lake, restless } = world
  return (
    restless() === undefined &&
    openDiscards(world).length === 0 &&
    state.tables.size === lake.tables.size &&
    [...state.tables.values()].every(({ name }) => lake.tables.has(name.name)) &&
    restlessTables(world).length === 0 &&
    sickTables(world).length === 0 &&
    leftBehind(world).length === 0
  )
}

export function describeUnrest(world: World): string {
  const { restless } = world
  const tables = restlessTables(world).map(
    (table) => `${table.name.name} ${table.state.phase}${table.request === undefined ? '' : ', asked for'}`,
  )
  const sick = sickTables(world).map(({ name }) => name.name)
  return [
    tables.join(', ') || 'all tables idle',
    `in need: ${sick.join(', ') || 'none'}`,
    `${openDiscards(world).length} discards`,
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

/** But those that stay listed for people: of commits to tables that were dropped meanwhile nobody can say whether they were made. */
function openDiscards({ state }: World) {
  return [...state.discards.values()].filter(({ commit, tries }) => commit !== 'unknown' || tries === 0)
}

/** A process of a table that is held keeps the outputs that it has, and what is listed for people stays. */
function leftBehind({ lake, state, isHeld }: World): readonly string[] {
  const kept: readonly string[] = [...state.discards.values()].flatMap(({ commit, processId }) =>
    commit === 'unknown' ? processId : [],
  )
  const free = [...lake.tables.values()].filter(({ name }) => !isHeld(name.name))
  return [...free.map(({ uuid }) => uuid), ...lake.dropped]
    .flatMap((uuid) => strayOutputs(lake, uuid))
    .filter((file) => !kept.some((processId) => file.includes(processId)))
}
