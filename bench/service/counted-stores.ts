import type { Stores } from '@moraine/management/store/stores'

/** What was asked of the database: calls, and how many things they gave. */
export type StoreCounts = {
  /** By `store.method`. */
  readonly calls: Readonly<Record<string, { readonly calls: number; readonly rows: number }>>
  readonly reads: number
  /** Calls that changed something, or tried to. */
  readonly writes: number
  /** Things that reads gave: rows of the database, more or less. */
  readonly rows: number
}

export type CountedStores = {
  readonly stores: Stores
  /** Since it was last asked. */
  take(): StoreCounts
}

/** The same stores, which count. */
export function countedStores(stores: Stores): CountedStores {
  let calls = new Map<string, { calls: number; rows: number }>()
  const note = (what: string, result: unknown) => {
    const known = calls.get(what) ?? { calls: 0, rows: 0 }
    calls.set(what, known)
    known.calls += 1
    known.rows += rowsIn(result)
  }
  const counted = Object.entries(stores).map(([name, store]) => [name, countedStore(name, store, note)])
  return {
    stores: Object.fromEntries(counted) as Stores, // the same methods under the same names
    take() {
      const taken = calls
      calls = new Map()
      return summed(taken)
    },
  }
}

type Method = (...args: readonly unknown[]) => Promise<unknown>

function countedStore(name: string, store: object, note: (what: string, result: unknown) => void): object {
  const methods = Object.entries(store as Readonly<Record<string, Method>>)
  return Object.fromEntries(
    methods.map(([method, call]) => [
      method,
      async (...args: readonly unknown[]) => {
        const result = await call(...args)
        const isNothing = method === 'apply' && Array.isArray(args[0]) && args[0].length === 0
        if (!isNothing) note(`${name}.${method}`, result)
        return result
      },
    ]),
  )
}

function rowsIn(result: unknown): number {
  if (Array.isArray(result)) return result.length
  if (result instanceof Map || result instanceof Set) return result.size
  return result === undefined ? 0 : 1
}

const READS = /\.(find|list|count|page|sum|load|has)/

function summed(calls: ReadonlyMap<string, { readonly calls: number; readonly rows: number }>): StoreCounts {
  const all = [...calls]
  const reads = all.filter(([what]) => READS.test(what))
  const total = (some: typeof all, of: 'calls' | 'rows') => some.reduce((sum, [, each]) => sum + each[of], 0)
  return {
    calls: Object.fromEntries(all.sort(([, a], [, b]) => b.calls - a.calls)),
    reads: total(reads, 'calls'),
    writes: total(all, 'calls') - total(reads, 'calls'),
    rows: total(reads, 'rows'),
  }
}
