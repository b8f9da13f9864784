import type { Stores } from '@moraine/management/store/stores'
import type { MemoryState } from './memory-state.ts'

export function memoryResources({ optimizers, groups }: MemoryState): Pick<Stores, 'optimizers' | 'groups'> {
  const all = () => [...optimizers.values()].map(({ optimizer }) => optimizer)
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
      async listGone(before, limit) {
        return all()
          .filter(({ state }) => state.status === 'gone' && state.goneAt < before)
          .slice(0, limit)
          .map(({ optimizerId }) => optimizerId)
      },
    },
    groups: {
      async listGroups() {
        return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      },
      async findGroup(name) {
        return groups.get(name)
      },
      async saveGroup(group) {
        groups.set(group.name, group)
      },
      async removeGroup(name) {
        groups.delete(name)
      },
    },
  }
}
