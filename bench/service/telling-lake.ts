import type { InternalPointer } from '@moraine/catalogs/internal/table-pointers'
import type { TableId } from '@moraine/lifecycle/identity'
import type { StateChange } from '@moraine/management/store/state-change'
import type { StateStore } from '@moraine/management/store/state-store'
import type { Stores } from '@moraine/management/store/stores'
import type { TellTableChange } from '@moraine/server/catalogs/tell-table-change'
import { mapBounded } from '@moraine/stdx/bounded'
import { type CommitKind, type GeneratedLake, tableName } from './generated-lake.ts'

/** A commit that is made when its time has come: its metadata file is there, the pointer is not on it yet. */
export type ReadyCommit = { readonly table: string; readonly location: string; readonly kind: CommitKind }

export type CommitFigures = {
  readonly made: number
  /** Milliseconds from the telling of a commit to the evaluation on record that has seen it. */
  readonly decisionMs: readonly number[]
  /** Commits to tables that were being optimized: looked at after that. */
  readonly leftToProcess: number
  /** Commits that nothing has seen yet. */
  readonly undecided: number
  /** Of commits with work, when they were told, by process; as `performance.timeOrigin + performance.now()`. */
  readonly toldOfProcess: Readonly<Record<string, number>>
  /** When the tasks of each process were ready to be handed out. */
  readonly readyOfProcess: Readonly<Record<string, number>>
}

/** Commits to the generated tables, as the service's own catalog hears of them; and sees what comes of them. */
export type TellingLake = {
  prepare(terms: { readonly tables: number; readonly commits: number; readonly withWork: number }): Promise<void>
  /** The next of those that are prepared, as many; gives how many there were. */
  commit(count: number): Promise<number>
  /** Tells of tables to which nothing was committed. */
  tellAgain(count: number): void
  figures(): CommitFigures
  /** The same store, through which the service writes. */
  watch(state: StateStore): StateStore
}

export type TellingLakeDeps = {
  readonly lake: GeneratedLake
  readonly stores: Pick<Stores, 'pointers' | 'tables'>
  readonly tell: TellTableChange
}

type Told = { readonly location: string; readonly at: number }

export function tellingLake({ lake, stores, tell }: TellingLakeDeps): TellingLake {
  const ready: ReadyCommit[] = []
  const pointers = new Map<string, InternalPointer>()
  const outstanding = new Map<string, Told[]>()
  const nameOf = new Map<TableId, string>()
  const busy = new Set<string>()
  const workToldAt = new Map<string, number>()
  const decisionMs: number[] = []
  const toldOfProcess: Record<string, number> = {}
  const readyOfProcess: Record<string, number> = {}
  let [made, taken, leftToProcess, quietTables] = [0, 0, 0, [0, 0]]

  const commitOne = async ({ table, location, kind }: ReadyCommit) => {
    await swap(stores.pointers, pointers, table, location)
    const at = clockMs()
    made += 1
    if (kind === 'work') workToldAt.set(table, at)
    if (busy.has(table)) leftToProcess += 1
    else {
      const told = outstanding.get(table) ?? []
      outstanding.set(table, told)
      told.push({ location, at })
    }
    tell({ kind: 'written', table: { ...NAME, name: table } })
  }
  const noteSeen = (location: string) => {
    const table = location.split('/').at(-3) ?? ''
    const told = outstanding.get(table) ?? []
    const seen = told.findIndex((each) => each.location === location)
    for (const { at } of told.splice(0, seen + 1)) decisionMs.push(clockMs() - at)
  }
  const noteChange = (change: StateChange) => {
    if (change.kind === 'add-process') {
      const table = nameOf.get(change.process.tableId)
      const toldAt = table === undefined ? undefined : workToldAt.get(table)
      if (toldAt !== undefined) toldOfProcess[change.process.processId] = toldAt
      readyOfProcess[change.process.processId] = clockMs()
    }
    if (change.kind !== 'patch-table') return
    const { evaluation, state } = change.patch
    if (evaluation !== undefined) noteSeen(evaluation.metadataLocation)
    const table = nameOf.get(change.tableId)
    if (state === undefined || table === undefined) return
    if (state.phase === 'idle' || state.phase === 'pending') return void busy.delete(table)
    busy.add(table)
    leftToProcess += outstanding.get(table)?.splice(0).length ?? 0
  }

  return {
    async prepare({ tables, commits, withWork }) {
      quietTables = [withWork, tables]
      const pick = picks(withWork, tables)
      const every = withWork === 0 ? Number.POSITIVE_INFINITY : Math.floor(commits / withWork)
      const planned = Array.from({ length: commits }, (_, at) => {
        const work = at % every === 0 && at / every < withWork
        const table = tableName(work ? at / every : pick()).name
        return { table, version: at + 1, kind: work ? ('work' as const) : ('quiet' as const) }
      })
      ready.push(
        ...(await mapBounded(planned, 16, async ({ table, version, kind }) => {
          return { table, kind, location: await lake.writeVersion(table, version, kind) }
        })),
      )
      for (let at = 0; at < withWork; at += 1) {
        const known = await stores.tables.findTableByName(tableName(at))
        if (known !== undefined) nameOf.set(known.tableId, known.name.name)
      }
    },
    async commit(count) {
      const some = ready.slice(taken, taken + count)
      taken += some.length
      await Promise.all(some.map(commitOne))
      return some.length
    },
    tellAgain(count) {
      const pick = picks(quietTables[0] ?? 0, quietTables[1] ?? 1)
      for (let at = 0; at < count; at += 1) tell({ kind: 'written', table: tableName(pick()) })
    },
    figures: () => {
      const undecided = [...outstanding.values()].reduce((sum, told) => sum + told.length, 0)
      return { made, decisionMs, leftToProcess, undecided, toldOfProcess, readyOfProcess }
    },
    watch: (state) => ({
      async apply(changes, fence) {
        const outcome = await state.apply(changes, fence)
        if (outcome.kind === 'applied') for (const change of changes) noteChange(change)
        return outcome
      },
    }),
  }
}

const { name: _, ...NAME } = tableName(0)

/** The same on both sides of a process boundary. */
export function clockMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Numbers from `from` up to `to`, strewn, the same in each run. */
function picks(from: number, to: number): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return from + (state % (to - from))
  }
}

/** As a commit does it. The service itself may have committed to the table meanwhile. */
async function swap(
  pointers: Stores['pointers'],
  known: Map<string, InternalPointer>,
  table: string,
  location: string,
): Promise<void> {
  for (;;) {
    const pointer = known.get(table) ?? (await pointers.findPointer(NAME.catalog, NAME.namespace, table))
    if (pointer === undefined) throw new Error(`table ${table} is not in the catalog`)
    if (await pointers.swapPointer(pointer, location)) {
      known.set(table, { ...pointer, metadataLocation: location })
      return
    }
    known.delete(table)
  }
}
