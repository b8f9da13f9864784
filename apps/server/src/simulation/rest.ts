import { isHealthy, strayOutputs } from './lake.ts'
import type { World } from './world.ts'

/** Whether nothing is left to be done. */
export function isAtRest({ state, lake, restless }: World): boolean {
  return (
    restless() === undefined &&
    state.discards.size === 0 &&
    strayOutputs(lake).length === 0 &&
    [...state.tables.values()].every(({ state: { phase }, request }) => phase === 'idle' && request === undefined) &&
    state.tables.size === lake.tables.size &&
    [...state.tables.values()].every(({ name }) => lake.tables.has(name.name)) &&
    [...lake.tables.values()].every((table) => isHealthy(lake, table))
  )
}

export function describeUnrest({ state, lake, restless }: World): string {
  const tables = [...state.tables.values()].map(
    (table) => `${table.name.name} ${table.state.phase}${table.request === undefined ? '' : ', asked for'}`,
  )
  const sick = [...lake.tables.values()].filter((table) => !isHealthy(lake, table)).map(({ name }) => name.name)
  return `${tables.join(', ')}; in need: ${sick.join(', ') || 'none'}; ${state.discards.size} discards; left behind: ${strayOutputs(lake).join(', ') || 'nothing'}; ${restless() ?? 'resources at rest'}`
}
