import { createHash } from 'node:crypto'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'

export type Observer = {
  /** Whether they will be made or refused. */
  onApplying(changes: readonly StateChange[]): void
  onApplied(changes: readonly StateChange[]): void
}

export function observed(stores: Stores, { onApplying, onApplied }: Observer): Stores {
  return {
    ...stores,
    state: {
      apply: async (changes, fence) => {
        onApplying(changes)
        const outcome = await stores.state.apply(changes, fence)
        if (outcome.kind === 'applied') onApplied(changes)
        return outcome
      },
    },
  }
}

/** Every change of state, made or refused, with its time: equal histories have equal traces. */
export type Trace = {
  note(nowMs: number, changes: readonly StateChange[]): void
  /** SHA-256 over all so far. */
  digest(): string
  readonly length: number
}

export function startTrace(): Trace {
  const hash = createHash('sha256')
  const trace = {
    length: 0,
    note(nowMs: number, changes: readonly StateChange[]) {
      trace.length += 1
      for (const change of changes) hash.update(`${nowMs} ${describeChange(change)}\n`)
    },
    digest: () => hash.copy().digest('hex'),
  }
  return trace
}

function describeChange(change: StateChange): string {
  return JSON.stringify(change, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
