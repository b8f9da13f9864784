import type { OptimizerId } from '@moraine/lifecycle/identity'
import type { CatalogStore } from '@moraine/management/catalogs/managed-catalog'
import type { Resource, ResourceStore } from '@moraine/management/records/resource'
import { CATALOG_GROUP, type GroupUse } from '@moraine/management/records/resource-group'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'
import type { MemoryState } from './memory-state.ts'

export function memoryResources(
  state: MemoryState,
  { listCatalogs }: Pick<CatalogStore, 'listCatalogs'>,
): Pick<Stores, 'optimizers' | 'resources' | 'groups' | 'allocations'> {
  const { optimizers, groups, allocations } = state
  const all = () => [...optimizers.values()].map(({ optimizer }) => optimizer)
  const findUse = async (name: string): Promise<GroupUse | undefined> => {
    const isOf = ({ group }: { readonly group: string }) => group === name
    const table = [...state.tables.values()].find(({ settings }) => isOf(settings))
    if (table !== undefined) return { kind: 'table', name: table.name.name }
    const optimizer = all().find((each) => isOf(each) && each.state.status !== 'gone')
    if (optimizer !== undefined) return { kind: 'optimizer', name: optimizer.optimizerId }
    const resource = [...state.resources.values()].find((each) => isOf(each) && each.state.status !== 'ended')
    if (resource !== undefined) return { kind: 'resource', name: resource.resourceId }
    const catalog = (await listCatalogs()).find(({ properties }) => properties[CATALOG_GROUP] === name)
    return catalog && { kind: 'catalog', name: catalog.name }
  }
  return {
    optimizers: {
      async findOptimizer(optimizerId) {
        return optimizers.get(optimizerId)?.optimizer
      },
      async findOptimizerByToken(tokenHash) {
        return [...optimizers.values()].find((entry) => entry.tokenHash === tokenHash)?.optimizer
      },
      async listLiveOptimizers(group) {
        return all()
          .filter((optimizer) => optimizer.state.status !== 'gone' && (group ?? optimizer.group) === optimizer.group)
          .sort((a, b) => a.registeredAt - b.registeredAt || (a.optimizerId < b.optimizerId ? -1 : 1))
      },
      async touchOptimizer(optimizerId, now) {
        const entry = optimizers.get(optimizerId)
        if (entry === undefined || entry.optimizer.state.status === 'gone') return false
        entry.optimizer = { ...entry.optimizer, state: { ...entry.optimizer.state, touchedAt: now } }
        return true
      },
      async lastGoneAt(resourceId) {
        const ends = all().flatMap(({ resourceId: of, state: end }) =>
          of === resourceId && end.status === 'gone' ? [end.goneAt] : [],
        )
        return ends.length === 0 ? undefined : (Math.max(...ends) as EpochMs)
      },
      async lastAttemptEnds(group) {
        const ends = new Map<OptimizerId, EpochMs>()
        for (const { attempts } of state.processes.values()) {
          for (const { optimizerId, end } of attempts.values()) {
            const optimizer = optimizers.get(optimizerId)?.optimizer
            if (end === undefined || optimizer?.group !== group || optimizer.state.status === 'gone') continue
            ends.set(optimizerId, Math.max(end.endedAt, ends.get(optimizerId) ?? 0) as EpochMs)
          }
        }
        return ends
      },
      async listGone(before, limit) {
        return all()
          .filter(({ state }) => state.status === 'gone' && state.goneAt < before)
          .slice(0, limit)
          .map(({ optimizerId }) => optimizerId)
      },
    },
    resources: memoryLaunches(state),
    allocations: {
      async findAllocation(group) {
        return allocations.get(group)
      },
      async listAllocations() {
        return [...allocations.values()].sort((a, b) => (a.group < b.group ? -1 : 1))
      },
    },
    groups: {
      async listGroups() {
        return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      },
      async findGroup(name) {
        return groups.get(name)
      },
      async addGroup(group) {
        if (groups.has(group.name)) return false
        groups.set(group.name, group)
        return true
      },
      async saveGroup(group) {
        groups.set(group.name, group)
      },
      findUse,
      async removeGroup(name) {
        const use = await findUse(name)
        if (use !== undefined) return use
        groups.delete(name)
        allocations.delete(name)
        return undefined
      },
    },
  }
}

function memoryLaunches({ resources }: MemoryState): ResourceStore {
  const all = () => [...resources.values()]
  const lastEnded = (group: string) =>
    all()
      .filter((resource) => resource.state.status === 'ended' && resource.group === group)
      .sort((a, b) => endedAt(b) - endedAt(a) || (a.resourceId < b.resourceId ? 1 : -1))
  return {
    async findResource(resourceId) {
      return resources.get(resourceId)
    },
    async listResources(group) {
      return all()
        .filter((resource) => resource.state.status !== 'ended' && (group ?? resource.group) === resource.group)
        .sort((a, b) => a.requestedAt - b.requestedAt || (a.resourceId < b.resourceId ? -1 : 1))
    },
    async listLastEnded(group, limit) {
      return lastEnded(group).slice(0, limit)
    },
    async listFailed(group, limit) {
      return lastEnded(group)
        .filter(({ state }) => state.status === 'ended' && state.isFailure)
        .slice(0, limit)
    },
    async listEnded(before, limit) {
      return all()
        .filter(({ state }) => state.status === 'ended' && state.endedAt < before)
        .slice(0, limit)
        .map(({ resourceId }) => resourceId)
    },
  }
}

function endedAt({ state }: Resource): number {
  return state.status === 'ended' ? state.endedAt : 0
}
