import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { ProcessState } from '@moraine/lifecycle/process-status'
import type { ProcessResult } from '@moraine/management/records/optimizing-process'
import type { ProcessStore } from '@moraine/management/records/process-store'
import type { StateChange } from '@moraine/management/store/state-change'
import type { StateStore } from '@moraine/management/store/state-store'
import type { EpochMs } from '@moraine/stdx/brand'

/** Processes that this server saw end since it started: what counters are made of. */
export type EndedProcesses = {
  ofTable(tableId: TableId): TableProcesses | undefined
  /** Of all tables, also of those that are gone. */
  totals(): Readonly<Partial<Record<OptimizingType, ProcessTotals>>>
  /** Processes that ended and are in no count, because too many ended that this server had not seen begin. */
  uncounted(): number
  /** Looks up processes that had begun before the start, or elsewhere. */
  settle(processes: Pick<ProcessStore, 'findProcess'>): Promise<void>
}

export type TableProcesses = Readonly<Partial<Record<OptimizingType, ProcessOutcomes>>>

export type ProcessOutcomes = {
  readonly succeeded: number
  readonly failed: number
  readonly canceled: number
  readonly lastSuccessAt: EpochMs | undefined
}

export type ProcessTotals = ProcessOutcomes & {
  /** Of what was committed. */
  readonly inputBytes: number
  readonly outputBytes: number
}

/** A state store that remembers which processes end by it. No history is read for that, whoever asks for the counts. */
export function countingProcesses(store: StateStore): { readonly state: StateStore; readonly ended: EndedProcesses } {
  const open = new Map<ProcessId, Begun>()
  const tables = new Map<TableId, TableProcesses>()
  let totals: Partial<Record<OptimizingType, ProcessTotals>> = {}
  let unknown: readonly Ended[] = []
  let dropped = 0
  const count = ({ tableId, type }: Begun, end: Ended) => {
    const own = tables.get(tableId)
    tables.set(tableId, { ...own, [type]: withOutcome(own?.[type] ?? NONE, end) })
    totals = { ...totals, [type]: withTotals(totals[type] ?? { ...NONE, inputBytes: 0, outputBytes: 0 }, end) }
  }
  const note = (change: StateChange) => {
    if (change.kind === 'add-process') {
      const { processId, tableId, type } = change.process
      open.set(processId, { tableId, type })
      const [oldest] = open.keys()
      if (open.size > OPEN_MAX && oldest !== undefined) open.delete(oldest)
    }
    if (change.kind === 'remove-table') tables.delete(change.tableId)
    if (change.kind !== 'move-process' || !('endedAt' in change.state)) return
    const { processId, state, result } = change
    const begun = open.get(processId)
    open.delete(processId)
    if (begun !== undefined) return count(begun, { processId, state, result })
    if (unknown.length >= UNKNOWN_MAX) dropped += 1
    else unknown = [...unknown, { processId, state, result }]
  }
  return {
    state: {
      async apply(changes, fence) {
        const outcome = await store.apply(changes, fence)
        if (outcome.kind === 'applied') changes.forEach(note)
        return outcome
      },
    },
    ended: {
      ofTable: (tableId) => tables.get(tableId),
      totals: () => totals,
      uncounted: () => dropped,
      async settle(processes) {
        const looked = unknown
        unknown = []
        for (const end of looked) {
          const process = await processes.findProcess(end.processId)
          if (process === undefined) dropped += 1
          else count(process, end)
        }
      },
    },
  }
}

/** A server that does not lead any more never hears of the end of what it began. */
const OPEN_MAX = 50_000
/** Those that end between two scrapes without having begun here. */
const UNKNOWN_MAX = 1000

type Begun = { readonly tableId: TableId; readonly type: OptimizingType }

type Ended = {
  readonly processId: ProcessId
  readonly state: Extract<ProcessState, { readonly endedAt: EpochMs }>
  readonly result: ProcessResult | undefined
}

const NONE: ProcessOutcomes = { succeeded: 0, failed: 0, canceled: 0, lastSuccessAt: undefined }

function withOutcome<T extends ProcessOutcomes>(before: T, { state }: Ended): T {
  const lastSuccessAt = state.status === 'succeeded' ? state.endedAt : before.lastSuccessAt
  return { ...before, [state.status]: before[state.status] + 1, lastSuccessAt }
}

function withTotals(before: ProcessTotals, end: Ended): ProcessTotals {
  return {
    ...withOutcome(before, end),
    inputBytes: before.inputBytes + (end.result?.inputBytes ?? 0),
    outputBytes: before.outputBytes + (end.result?.outputBytes ?? 0),
  }
}
